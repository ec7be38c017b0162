/** Rows of a result from what the jobs found. */
import { KNN } from "../metrics/index.ts";
import type { ResultRow } from "../result.ts";
import type { MeasureResult, ProbeResult, SampledHere, TrainResult } from "./jobs.ts";
import type { PlannedEntry } from "./plan.ts";
import { toldFlops } from "./pretrained.ts";

/** Everything known of an entry that trained and sampled. */
export interface EntryFacts {
  readonly planned: Pick<PlannedEntry, "name" | "pretrained">;
  readonly training: readonly TrainResult[];
  readonly sampling: SampledHere;
  readonly timing: MeasureResult;
}

const totalFlops = ({ flops, preparation }: TrainResult): number => flops + preparation.flops;

const countRow =
  (entry: string) =>
  (
    metric: string,
    value: number,
    unit: string,
    direction: ResultRow["direction"],
    convention: string,
  ): ResultRow => ({
    entry,
    metric,
    value,
    unit,
    direction,
    n: null,
    standardError: null,
    convention,
  });

/** Costs and speeds: everything but the scores. */
export function measureRows({ planned, training, sampling, timing }: EntryFacts): ResultRow[] {
  const row = countRow(planned.name);
  const peak = Math.max(sampling.peakMemoryBytes, ...training.map(({ peakMemoryBytes }) => peakMemoryBytes));
  const last = training.at(-1);
  const lastRows = last
    ? [
        row(
          "train-flops",
          totalFlops(last),
          "FLOP",
          "lower",
          "2·MACs + element-wise operations of the last stage, what it encodes among them, from the programs' own count",
        ),
      ]
    : [];
  // How long weights made elsewhere took is not known, which is not 0.
  const wallRows =
    planned.pretrained.length > 0
      ? []
      : [
          row(
            "wall-seconds",
            training.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0),
            "s",
            "lower",
            "wall-clock of all training stages, each as its first run took, billed in full",
          ),
        ];
  return [
    row(
      "nfe",
      sampling.nfe,
      "calls",
      "lower",
      "network calls an image, counted at the call; guidance passes included, decoder apart",
    ),
    row("decoder-calls", sampling.decoderCalls, "calls", "lower", "decoder calls an image"),
    row(
      "macs-per-image",
      sampling.macsPerImage,
      "MAC",
      "lower",
      "multiply-accumulates an image, network and decoder, attention products counted",
    ),
    row(
      "sample-flops-per-image",
      sampling.flopsPerImage,
      "FLOP",
      "lower",
      "2·MACs + element-wise operations an image, network and decoder, from the programs' own count",
    ),
    ...speedRows(planned.name, timing),
    row(
      "parameters",
      sampling.networkParameters + sampling.decoderParameters,
      "parameters",
      "lower",
      "numbers in the networks that sampling calls, decoder included",
    ),
    ...lastRows,
    ...totalTrainingRows(planned, training),
    ...wallRows,
    row(
      "peak-memory-bytes",
      peak,
      "bytes",
      "lower",
      "largest resident set of the entry's training and sampling processes, a backend's own process included",
    ),
  ];
}

/** None where a file does not tell what its training took, which is not 0. */
export function totalTrainingRows(
  { name, pretrained }: EntryFacts["planned"],
  training: readonly TrainResult[],
): ResultRow[] {
  const row = (flops: number, convention: string): ResultRow[] => [
    countRow(name)("total-train-flops", flops, "FLOP", "lower", convention),
  ];
  const here = training.reduce((sum, stage) => sum + totalFlops(stage), 0);
  const convention =
    "2·MACs + element-wise operations of all stages (pre-training or VAE included), billed in full";
  if (pretrained.length === 0) return row(here, convention);
  const told = toldFlops(
    pretrained,
    training.map(({ weightsSha256 }) => weightsSha256),
  );
  const account = training.length > 0 ? "partly by the files' own account" : "by the files' own account";
  return told === null ? [] : row(here + told, `${convention}, ${account}`);
}

export function speedRows(entry: string, { batchSize, throughput, latency }: MeasureResult): ResultRow[] {
  const error = "error: of the median, from the median absolute deviation";
  return [
    {
      entry,
      metric: "throughput",
      value: throughput.median,
      unit: "images/s",
      direction: "higher",
      n: null,
      standardError: throughput.standardError,
      convention: `median over rounds of batches of ${batchSize} after warm-up, decoding included; ${error}`,
      rounds: throughput.rounds,
    },
    {
      entry,
      metric: "latency",
      value: latency.median,
      unit: "s",
      direction: "lower",
      n: null,
      standardError: latency.standardError,
      convention: `median over rounds of single images (batch 1) after warm-up, decoding included; ${error}`,
      rounds: latency.rounds,
    },
  ];
}

/** How well an entry's pre-trained encoder tells classes apart, beside the same encoder before its first step. */
export function probeRow(entry: string, probe: ProbeResult): ResultRow {
  const { n, bank, accuracy, standardError, untrained, chance, encoder } = probe;
  return {
    entry,
    metric: "knn-accuracy",
    value: accuracy,
    unit: "share",
    direction: "higher",
    n,
    standardError,
    convention:
      `top-1 of held-out images by their ${Math.min(KNN.neighbours, bank)} nearest of ${bank} training images, ` +
      `cosine similarity s, votes exp(s/${KNN.temperature}) (arXiv:1805.01978); ${encoder}; ` +
      `always guessing the most frequent class: ${chance.toPrecision(3)}; binomial error`,
    beside: { label: "untrained encoder", value: untrained },
  };
}
