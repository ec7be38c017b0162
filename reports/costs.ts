/** What it took: the ledger of the run, each entry's bill, and what an image costs. */
import { hasAutoencoder, MODELS_SHARING, trainingBill } from "../harness/measure/autoencoder-bill.ts";
import { MOST_INPUT_WAIT } from "../harness/measure/ledger.ts";
import { type LedgerLine, metricKind, metricLabel, type Result, type ResultRow } from "../harness/result.ts";
import { cost, count, inOneUnit, NO_VALUE, quantity } from "./format.ts";
import { type ExtraColumn, metricsOf, metricTable } from "./metric-table.ts";
import { samplerText } from "./sampler-text.ts";
import { type Column, code, escaped, list, table } from "./text.ts";

/** What belongs to training; every other cost is one of sampling. */
const BILL = new Set(["train-flops", "total-train-flops", "wall-seconds", "peak-memory-bytes"]);

const TOLD =
  "What a file of weights cost to train is by its own account, and unknown where it does not tell; the ledger has what ran here alone.";

const MEASURING =
  "What measures is in no FLOPs: pictures over training, timing, scores, probes, reconstructions, and the untrained network's samples.";

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
    right("Input wait"),
    right("Peak memory"),
    { head: "Cached" },
  ];
  const of = (key: "macs" | "flops" | "parameters" | "wallSeconds" | "peakMemoryBytes", unit: string) =>
    inOneUnit(result.ledger.map((line) => ({ value: line[key], unit })));
  const [macs, flops] = [of("macs", "MAC"), of("flops", "FLOP")];
  const parameters = of("parameters", "parameters");
  const [wall, memory] = [of("wallSeconds", "s"), of("peakMemoryBytes", "byte")];
  const lines = result.ledger.map((line, i) => [
    `${escaped(line.stage)} (${line.kind}${line.failed ? ", failed" : ""})`,
    line.entries.map(escaped).join("; "),
    count(line.steps),
    count(line.images),
    count(line.batchSize),
    cost({ ...macs[i]!, told: toldBy(line) }),
    cost(flops[i]!),
    cost(parameters[i]!),
    quantity(wall[i]!),
    percent(inputWait(line)),
    quantity(memory[i]!),
    line.cached ? "yes" : "no",
  ]);
  return [
    "## Compute ledger",
    table(columns, lines),
    "FLOPs are 2·MACs + element-wise operations, counted from the programs; published “GFLOPs” are often MACs. " +
      "Wall-clock is that of the steps or batches of each stage's first run, also where it came from the cache: a progress line's seconds " +
      "hold the pictures of a training too. Encoding and decoding without a time of their own are in that of their stage. " +
      "Input wait: the part of it that training's steps waited for their batches." +
      (result.ledger.some(({ failed }) => failed)
        ? " Failed: what ran until then, and the steps or images made."
        : ""),
    ...recomputation(result),
    ...starved(result),
  ].join("\n\n");
}

const toldBy = ({ declared, reported }: LedgerLine): string | undefined =>
  declared ? "declared" : reported ? "reported" : undefined;

/** Part of a training's time; null where it was not measured. */
function inputWait({ inputWaitSeconds = Number.NaN, wallSeconds }: LedgerLine): number | null {
  const part = inputWaitSeconds / (wallSeconds ?? 0);
  return part >= 0 && part <= 1 ? part : null;
}

const percent = (part: number | null): string => (part === null ? NO_VALUE : `${(100 * part).toFixed(1)} %`);

/** Which trainings waited for batches more than they should. */
function starved({ ledger }: Result): string[] {
  const lines = ledger.filter((line) => (inputWait(line) ?? 0) > MOST_INPUT_WAIT);
  if (lines.length === 0) return [];
  const waits = lines.map(
    (line) => `${escaped(line.stage)} (${line.entries.map(escaped).join("; ")}) ${percent(inputWait(line))}`,
  );
  return [
    `**Training waited for its batches** more than ${percent(MOST_INPUT_WAIT)} of its time: ${waits.join(", ")}. ` +
      "They are made on the CPU: more cores, or a faster disk, would have made its steps come sooner.",
  ];
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
    `The run's actual total, shared stages once: ${total.join(", ")}.${uncounted(result)} ${MEASURING}`,
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
  const shares = [1, 1 / MODELS_SHARING, 0];
  const billed = run.entries.flatMap(({ name, kind, pretrained = [] }) => {
    const lines = [
      ...pretrained.map((line) => ({ ...line, kind: "training" as const, macs: null })),
      ...ledger.filter(({ entries }) => entries.includes(name)),
    ];
    if (kind !== "model" || !hasAutoencoder(lines)) return [];
    return {
      name,
      bills: shares.map((share) => ({ value: trainingBill(lines, share).flops, unit: "FLOP" })),
    };
  });
  if (billed.length === 0) return [];
  const cells = inOneUnit(billed.flatMap(({ bills }) => bills)).map(cost);
  const rows = billed.map(({ name }, i) => [
    escaped(name),
    ...cells.slice(i * shares.length, (i + 1) * shares.length),
  ]);
  return [
    "### The autoencoder, billed three ways",
    table([{ head: "" }, right("in full"), right(`shared by ${MODELS_SHARING} models`), right("free")], rows),
    `All of the entry's training; encoding is its own in each.${told ? ` ${TOLD}` : ""}`,
  ];
}

export function sampling(result: Result): string {
  const isSampling = (metric: string): boolean => !BILL.has(metric);
  const how: ExtraColumn = {
    head: "Sampler",
    cell: ({ sampling: settings }) => escaped(samplerText(settings)) || NO_VALUE,
  };
  const lines = metricsOf(result, (row) => metricKind(row.metric) !== "score" && isSampling(row.metric)).map(
    (metric) => {
      const rows = result.results.filter((row) => row.metric === metric);
      const words = new Set(rows.map(({ convention }) => escaped(convention)));
      return `${escaped(metricLabel(metric, result.run.features))} (${code(metric)}): ${[...words].join("; ")}${roundsText(rows)}`;
    },
  );
  return ["## Sampling", costTable(result, isSampling, [how]), list(lines)].join("\n\n");
}

/** "; 16 to 21 rounds" of a timing, by the entry. */
function roundsText(rows: readonly ResultRow[]): string {
  const rounds = rows.flatMap((row) => row.rounds ?? []);
  if (rounds.length === 0) return "";
  const range = [...new Set([Math.min(...rounds), Math.max(...rounds)])];
  return `; ${range.join(" to ")} rounds`;
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
