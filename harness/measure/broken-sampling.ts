/** The ledger lines of a sampling that failed. */
import type { LedgerLine } from "../result.ts";
import type { Tallies, Tally } from "./counting.ts";
import { DECODING, type Measured } from "./ledger.ts";

/** What a sampling took that failed before it ended. */
export interface BrokenSampling extends Measured {
  /** Made until then. */
  readonly images: number;
  readonly batchSize: number;
  readonly tallies: Tallies;
}

/** The calls that were made, those for images that were never finished among them. */
export function brokenSamplingLines(
  entry: string,
  { images, batchSize, tallies, wallSeconds, peakMemoryBytes }: BrokenSampling,
): LedgerLine[] {
  const line = (stage: string, kind: "sampling" | "decoding", { macs, flops, parameters }: Tally) => ({
    stage,
    entries: [entry],
    kind,
    steps: null,
    images,
    batchSize,
    macs,
    flops,
    parameters,
    failed: true as const,
    wallSeconds: kind === "sampling" ? wallSeconds : null,
    peakMemoryBytes,
    cached: false,
  });
  const { network, decoder } = tallies;
  return [
    ...(network.calls > 0 ? [line("sampling", "sampling", network)] : []),
    ...(decoder.calls > 0 ? [line(DECODING, "decoding", decoder)] : []),
  ];
}
