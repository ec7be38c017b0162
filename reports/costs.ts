/** What it took: the ledger of the run, each entry's bill, and what an image costs. */
import { hasAutoencoder, MODELS_SHARING, trainingBill } from "../harness/measure/autoencoder-bill.ts";
import { metricKind, metricLabel, type Result, type ResultEntry } from "../harness/result.ts";
import { cost, count, NO_VALUE, quantity } from "./format.ts";
import { type ExtraColumn, metricsOf, metricTable } from "./metric-table.ts";
import { type Column, code, escaped, list, table } from "./text.ts";

/** What belongs to training; every other cost is one of sampling. */
const BILL = new Set(["train-flops", "total-train-flops", "wall-seconds", "peak-memory-bytes"]);

const TOLD =
  "What a file of weights cost to train is by its own account, and unknown where it does not tell; the ledger has what ran here alone.";

const right = (head: string): Column => ({ head, align: "right" });

export function ledger(result: Result): string {
  const columns = [
    { head: "Stage" },
    { head: "For" },
    right("Steps"),
    right("Images"),
    right("Batch"),
    right("Work in MACs"),
    right("Work in FLOPs"),
    right("Parameters"),
    right("Wall"),
    right("Peak memory"),
    { head: "Cached" },
  ];
  const lines = result.ledger.map((line) => [
    `${escaped(line.stage)} (${line.kind})`,
    line.entries.map(escaped).join("; "),
    count(line.steps),
    count(line.images),
    count(line.batchSize),
    cost({ value: line.macs, unit: "MAC", told: line.declared && "declared" }),
    cost({ value: line.flops, unit: "FLOP" }),
    cost({ value: line.parameters, unit: "parameters" }),
    quantity({ value: line.wallSeconds, unit: "s" }),
    quantity({ value: line.peakMemoryBytes, unit: "byte" }),
    line.cached ? "yes" : "no",
  ]);
  return [
    "## Compute ledger",
    table(columns, lines),
    "FLOPs are 2·MACs + element-wise operations, counted from the programs; published “GFLOPs” are often MACs. " +
      "Wall-clock is each stage's first run, also where it came from the cache.",
    ...recomputation(result),
  ].join("\n\n");
}

/** What hardware did beside the work that is counted. */
function recomputation({ ledger }: Result): string[] {
  const lines = ledger.flatMap(({ stage, entries, recomputedFlops }) =>
    recomputedFlops === undefined
      ? []
      : [
          `${escaped(stage)} (${entries.map(escaped).join("; ")}) ${quantity({ value: recomputedFlops, unit: "FLOP" })}`,
        ],
  );
  if (lines.length === 0) return [];
  return [
    `Computed anew for the backward pass to save memory, beside these and in no bill: ${lines.join(", ")}.`,
  ];
}

/** Each entry as if it had run alone, and the run as it was. */
export function bills(result: Result): string {
  const { trainFlops, sampleFlops, wallSeconds } = result.run.totals;
  const total = [
    `training ${quantity({ value: trainFlops, unit: "FLOP" })}`,
    `sampling ${quantity({ value: sampleFlops, unit: "FLOP" })}`,
    `wall-clock ${quantity({ value: wallSeconds, unit: "s" })}`,
  ];
  return [
    "### Each entry, billed in full",
    costTable(result, (metric) => BILL.has(metric)),
    "Shared stages are billed to every entry that uses them. Train FLOPs: the last stage; total train FLOPs: with pre-training or autoencoder.",
    `The run's actual total, shared stages once: ${total.join(", ")}.${uncounted(result)}`,
    ...autoencoderBills(result),
  ].join("\n\n");
}

/** Whose sampling the total leaves out. */
function uncounted({ ledger }: Result): string {
  const names = ledger.filter(({ flops }) => flops === null).flatMap(({ entries }) => entries);
  const quoted = names.map((name) => `"${escaped(name)}"`).join(", ");
  return names.length === 0 ? "" : ` Not in it, since it is computed elsewhere: sampling of ${quoted}.`;
}

/** Where an entry has an autoencoder, trained here or out of a file: its training with that in full, in part and without. */
function autoencoderBills({ run, ledger }: Result): string[] {
  const told = run.entries.some(({ pretrained }) => pretrained?.some(({ autoencoder }) => autoencoder));
  const rows = run.entries.flatMap(({ name, kind, pretrained = [] }) => {
    const lines = [
      ...pretrained.map((line) => ({ ...line, kind: "training" as const, macs: null })),
      ...ledger.filter(({ entries }) => entries.includes(name)),
    ];
    if (kind !== "model" || !hasAutoencoder(lines)) return [];
    const shares = [1, 1 / MODELS_SHARING, 0];
    const work = shares.map((share) => cost({ value: trainingBill(lines, share).flops, unit: "FLOP" }));
    return [[escaped(name), ...work]];
  });
  if (rows.length === 0) return [];
  return [
    "### The autoencoder, billed three ways",
    table([{ head: "" }, right("in full"), right(`shared by ${MODELS_SHARING} models`), right("free")], rows),
    `All of the entry's training; encoding is its own in each.${told ? ` ${TOLD}` : ""}`,
  ];
}

export function sampling(result: Result): string {
  const isSampling = (metric: string): boolean => !BILL.has(metric);
  const how: ExtraColumn = { head: "Sampler", cell: samplerText };
  const lines = metricsOf(result, (row) => metricKind(row.metric) !== "score" && isSampling(row.metric)).map(
    (metric) => {
      const words = result.results
        .filter((row) => row.metric === metric)
        .map(({ convention }) => escaped(convention));
      return `${escaped(metricLabel(metric, result.run.features))} (${code(metric)}): ${[...new Set(words)].join("; ")}`;
    },
  );
  return ["## Sampling", costTable(result, isSampling, [how]), list(lines)].join("\n\n");
}

function costTable(
  result: Result,
  wanted: (metric: string) => boolean,
  extra: readonly ExtraColumn[] = [],
): string {
  const metrics = metricsOf(result, (row) => metricKind(row.metric) !== "score" && wanted(row.metric));
  const entries = result.run.entries.filter(({ kind }) => kind === "model");
  return metricTable(result, entries, metrics, extra);
}

function samplerText({ sampling: settings }: ResultEntry): string {
  const parts = Object.entries(settings).map(([key, value]) => `${escaped(key)} ${escaped(String(value))}`);
  return parts.length === 0 ? NO_VALUE : parts.join(", ");
}
