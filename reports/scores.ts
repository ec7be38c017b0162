/** How good the samples are: entries, autoencoders, yardsticks; and what pre-trained encoders know. */
import {
  isOfEncoder,
  metricKind,
  metricLabel,
  type Result,
  type ResultEntry,
  type ResultRow,
} from "../harness/result.ts";
import { count } from "./format.ts";
import { type ExtraColumn, metricsOf, metricTable, rowOf } from "./metric-table.ts";
import { code, escaped, list } from "./text.ts";

const ofKind = (result: Result, kind: ResultEntry["kind"]): ResultEntry[] =>
  result.run.entries.filter((entry) => entry.kind === kind);

const isScore = ({ metric }: ResultRow): boolean => metricKind(metric) === "score" && !isOfEncoder(metric);
const isEncoderScore = ({ metric }: ResultRow): boolean => isOfEncoder(metric);

export function scores(result: Result): string {
  const models = ofKind(result, "model");
  return [
    "## Scores",
    scoreTable(result, models),
    "± is one standard error and covers the draw of samples, not training, labels or the reference. " +
      "Bold: ahead of every other entry by more than the error.",
    ...biasNote(result),
    conventions(result, isScore),
  ].join("\n\n");
}

export function encoders(result: Result): string | null {
  const probed = new Set(result.results.filter(isEncoderScore).map(({ entry }) => entry));
  if (probed.size === 0) return null;
  const entries = result.run.entries.filter(({ name }) => probed.has(name));
  const metrics = metricsOf(result, isEncoderScore);
  const n: ExtraColumn = {
    head: "n",
    align: "right",
    cell: ({ name }) => count(rowOf(result, name, metrics[0]!)?.n ?? null),
  };
  const note =
    "What pre-training taught: nearest neighbours by the encoder's features, before fine-tuning. It has to beat the " +
    "untrained encoder, whose random features already tell simple images apart. ± is one standard error.";
  return [
    "## Pre-trained encoders",
    metricTable(result, entries, metrics, [n]),
    note,
    conventions(result, isEncoderScore),
  ].join("\n\n");
}

export function reconstructions(result: Result): string | null {
  const entries = ofKind(result, "reconstruction");
  if (entries.length === 0) return null;
  const note = "Held-out images through an autoencoder: the best that a model on its latents can look like.";
  return ["## Reconstruction", scoreTable(result, entries), note].join("\n\n");
}

export function referencePoints(result: Result): string | null {
  const entries = ofKind(result, "reference-point");
  if (entries.length === 0) return null;
  const meanings = list(entries.map(({ name, description }) => `${escaped(name)}: ${escaped(description)}`));
  const note = "Yardsticks, scored as the entries are. No order among them is assumed.";
  return ["## Reference points", scoreTable(result, entries), note, meanings].join("\n\n");
}

function scoreTable(result: Result, entries: readonly ResultEntry[]): string {
  const names = new Set(entries.map(({ name }) => name));
  const metrics = metricsOf(result, (row) => isScore(row) && names.has(row.entry));
  const n: ExtraColumn = { head: "n", align: "right", cell: (entry) => sampleCell(result, entry) };
  return [metricTable(result, entries, metrics, [n]), ...flagNote(result, entries)].join("\n\n");
}

/** The n of an entry's scores, flagged where it is not the run's: scores of other n have another bias. */
function sampleCell(result: Result, entry: ResultEntry): string {
  const sizes = sampleSizes(result, entry);
  const flagged = sizes.some((n) => n !== result.run.samples);
  return `${sizes.map(count).join(" / ")}${flagged ? " ⚠" : ""}`;
}

function sampleSizes(result: Result, entry: ResultEntry): number[] {
  const sizes = result.results.flatMap((row) =>
    row.entry === entry.name && isScore(row) && row.n !== null ? [row.n] : [],
  );
  return [...new Set(sizes.length > 0 ? sizes : [entry.n])];
}

/** Images a feature dimension, below which most of a Fréchet distance is bias. */
const ENOUGH = 5;

export const isMostlyBias = ({ samples, featureDims }: Result["run"]): boolean =>
  samples < ENOUGH * featureDims;

function biasNote({ run }: Result): string[] {
  if (!isMostlyBias(run)) return [];
  return [
    `At n = ${count(run.samples)}, below ${count(ENOUGH * run.featureDims)} (five images a feature dimension), most of a Fréchet distance ` +
      "is bias: compare it at equal n only, and trust KID.",
  ];
}

function flagNote(result: Result, entries: readonly ResultEntry[]): string[] {
  const differ = entries.some((entry) => sampleSizes(result, entry).some((n) => n !== result.run.samples));
  return differ
    ? [
        "⚠ n differs from the run's: Fréchet distances of different n have different bias and must not be compared.",
      ]
    : [];
}

/** How each score was computed, and which of them are never gated. */
function conventions(result: Result, wanted: (row: ResultRow) => boolean): string {
  const lines = metricsOf(result, wanted).flatMap((metric) => {
    const rows = result.results.filter((row) => row.metric === metric);
    const notGated = rows.find((row) => row.notGated !== undefined)?.notGated;
    const words = [...new Set(rows.map(({ convention }) => convention))].map(escaped).join("; ");
    const unit = rows[0]!.unit === "" || rows[0]!.unit === "share" ? "" : `, in ${escaped(rows[0]!.unit)}`;
    const gated = notGated === undefined ? "" : `. Never gated: ${escaped(notGated)}`;
    return `${escaped(metricLabel(metric, result.run.features))} (${code(metric)}${unit}): ${words}${gated}`;
  });
  return list(lines);
}
