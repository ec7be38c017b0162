/** Rows of an entry whose images are made elsewhere: what nobody tells has no value, which is not 0. */
import type { Told } from "../plugin.ts";
import type { ResultRow } from "../result.ts";
import type { MeasureResult, SampledElsewhere } from "./jobs.ts";
import { speedRows } from "./rows.ts";

const BY: Readonly<Record<Told["by"], string>> = {
  declared: "as the config declares it, not counted",
  reported: "as the model's own program or file reports it",
  counted: "counted by the plugin",
};

/** @param timing null: the images existed already */
export function elsewhereRows(
  entry: string,
  { elsewhere, peakMemoryBytes }: SampledElsewhere,
  timing: MeasureResult | null,
): ResultRow[] {
  const { calls, macs, parameters, trainFlops, decoder } = elsewhere;
  const row = (metric: string, told: Told | null, unit: string, what: string): ResultRow => ({
    entry,
    metric,
    value: told?.value ?? null,
    unit,
    direction: "lower",
    n: null,
    standardError: null,
    convention: `${what}, ${told === null ? "not known" : BY[told.by]}`,
    ...(told !== null && told.by !== "counted" && { told: told.by }),
  });
  return [
    row("nfe", calls, "calls", "network calls an image"),
    ...(decoder ? [row("decoder-calls", decoder.calls, "calls", "decoder calls an image")] : []),
    row("macs-per-image", macs, "MAC", "multiply-accumulates an image, a decoder's among them"),
    row("sample-flops-per-image", null, "FLOP", "2·MACs + element-wise operations an image"),
    row("parameters", parameters, "parameters", "numbers in the networks"),
    row("total-train-flops", trainFlops, "FLOP", "FLOPs of all training"),
    ...(timing ? speedRows(entry, timing) : []),
    ...(peakMemoryBytes === null ? [] : [memoryRow(entry, peakMemoryBytes)]),
  ];
}

const memoryRow = (entry: string, value: number): ResultRow => ({
  entry,
  metric: "peak-memory-bytes",
  value,
  unit: "bytes",
  direction: "lower",
  n: null,
  standardError: null,
  convention: "largest resident set of the entry's sampling process",
});
