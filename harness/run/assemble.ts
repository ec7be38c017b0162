/** The result of a run from what its jobs found: nothing is computed here but sums and sentences. */

import { basename } from "node:path";
import { EXIT } from "../errors.ts";
import { scoreRows } from "../evaluate/score.ts";
import { loadBaseline } from "../gate/baseline.ts";
import { gate } from "../gate/gate.ts";
import { parseGates } from "../gate/schema.ts";
import { compareEntries } from "../gate/summary.ts";
import { samplingLines, trainingLines } from "../measure/ledger.ts";
import { packageVersion } from "../package-root.ts";
import type { Dataset } from "../plugin.ts";
import {
  type LedgerLine,
  RESULT_SCHEMA_VERSION,
  type Result,
  type ResultEntry,
  type ResultRow,
} from "../result.ts";
import { resampledEntries, resampledLines, resampledRows } from "./assemble-resamplings.ts";
import { elsewhereRows } from "./elsewhere-rows.ts";
import type { Found, FoundEntry, FoundPoint } from "./found.ts";
import { hashOf } from "./identity.ts";
import type { Beginning } from "./journal.ts";
import { isTrained, matchSentence } from "./match-sentence.ts";
import { type PlannedEntry, reconstructionName } from "./plan.ts";
import { describePretrained, distinctFiles } from "./pretrained.ts";
import { reconstructionRows } from "./reconstruction-rows.ts";
import { measureRows, probeRow } from "./rows.ts";
import { seedsHash } from "./samples-key.ts";
import type { SettledConfig } from "./settle.ts";
import { toldLines } from "./told-lines.ts";

/** Below this many pixels a side, scores are for regressions, not for quality claims. */
const SMOKE_SCALE = 128;

export interface Assembly {
  readonly config: SettledConfig;
  /** Of the config, once it met the data. */
  readonly warnings: readonly string[];
  /** Of the run, whatever resumed it. */
  readonly beginning: Beginning;
  readonly dataset: Dataset;
  readonly env: Result["env"];
  readonly found: Found;
  readonly finishedAt: Date;
  /** Of all its processes. */
  readonly wallSeconds: number;
}

export interface Gated {
  readonly result: Result;
  readonly exitCode: number;
}

export function assembleResult(assembly: Assembly): Result {
  const { found, env } = assembly;
  const results = besideReal(rowsOf(found), found);
  const ledger = ledgerOf(found);
  const scored = { results, run: { ...runOf(assembly, ledger), summary: "" } };
  const { comparisons, summary } = compareEntries(scored);
  const result: Result = {
    schemaVersion: RESULT_SCHEMA_VERSION,
    run: { ...scored.run, summary },
    env,
    results,
    ledger,
    comparisons,
    verdicts: [],
    gate: { status: "none", reason: "no gates in the config" },
    warnings: warningsOf(assembly),
  };
  return result;
}

/** Gates without a baseline judge absolute targets alone and say so. */
export async function withGate(result: Result, config: SettledConfig): Promise<Gated> {
  const ungated = result.run.status === "complete" ? EXIT.ok : EXIT.incomplete;
  const gates = parseGates(config.gates, "gates");
  if (Object.keys(gates).length === 0 && config.baseline === undefined) return { result, exitCode: ungated };
  const baseline = config.baseline === undefined ? null : await loadBaseline(config.baseline);
  const own = Object.keys(gates).length > 0 ? { gates } : {};
  const { verdicts, status, reason, exitCode } = gate(result, baseline, own);
  return { result: { ...result, verdicts, gate: { status, reason } }, exitCode };
}

function rowsOf({ entries, points }: Found): ResultRow[] {
  const rows: ResultRow[] = [];
  for (const entry of entries) {
    const { planned, training, sampling, timing, score, probe, reconstruction } = entry;
    if (score) rows.push(...scoreRows(planned.name, score.scores));
    const sampled = sampling?.result;
    if (sampled && sampled.elsewhere !== null) rows.push(...elsewhereRows(planned.name, sampled, timing));
    else if (sampled && timing)
      rows.push(
        ...measureRows({
          planned,
          training: training.map(({ result }) => result),
          sampling: sampled,
          timing,
        }),
      );
    if (probe) rows.push(probeRow(planned.name, probe));
    if (reconstruction) rows.push(...reconstructionRows(planned.name, reconstruction));
    rows.push(...resampledRows(entry));
  }
  for (const { name, score } of points) if (score) rows.push(...scoreRows(name, score.scores));
  return rows;
}

const BESIDE = ["class-accuracy", "memorisation"];

/** Puts what real held-out images score beside the metrics that mean little without it. */
function besideReal(rows: readonly ResultRow[], { points }: Found): ResultRow[] {
  const real = points[0]!;
  const realRows = new Map(
    rows.filter(({ entry }) => entry === real.name).map((row) => [row.metric, row.value]),
  );
  return rows.map((row) =>
    BESIDE.some((family) => row.metric.startsWith(family)) && realRows.has(row.metric)
      ? { ...row, beside: { label: real.name, value: realRows.get(row.metric)! } }
      : row,
  );
}

function ledgerOf({ entries }: Found): LedgerLine[] {
  const billed = new Map<string, { names: string[]; entry: FoundEntry["training"][number] }>();
  for (const { planned, training } of entries)
    for (const trained of training) {
      const known = billed.get(trained.stage.key);
      if (known) known.names.push(planned.name);
      else billed.set(trained.stage.key, { names: [planned.name], entry: trained });
    }
  return [
    ...[...billed.values()].flatMap(({ names, entry }) =>
      trainingLines(entry.stage, entry.result, names, entry.cached),
    ),
    ...entries.flatMap(({ planned, sampling }) =>
      sampling ? samplingLines(planned.name, sampling.result, sampling.cached) : [],
    ),
    ...entries.flatMap(resampledLines),
  ];
}

function runOf(
  { config, beginning, dataset, found, finishedAt, wallSeconds }: Assembly,
  ledger: readonly LedgerLine[],
): Result["run"] {
  const { command, startedAt } = beginning;
  const complete =
    found.entries.every(({ failure, resamplings }) =>
      [failure, ...resamplings.map((one) => one.failure)].every((one) => one === null),
    ) && found.points.every(({ failure }) => failure === null);
  const seeds = seedsHash(config, dataset);
  const scores = [...found.entries, ...found.points]
    .map(({ score }) => score)
    .find((score) => score !== null);
  const flops = (training: boolean): number =>
    ledger
      .filter(({ kind }) => (kind === "training" || kind === "encoding") === training)
      .reduce((sum, line) => sum + (line.flops ?? 0), 0);
  return {
    id: `${startedAt.toISOString()}-${config.name}`,
    tool: `epg-bench ${packageVersion()}`,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    status: complete ? "complete" : "incomplete",
    configHash: hashOf(config),
    config: config.file ?? `built-in: ${config.name}`,
    command,
    seed: config.seed,
    resolution: dataset.resolution,
    samples: config.samples,
    labels: config.unconditional ? "unconditional" : config.labels,
    dataset: {
      name: dataset.name,
      identity: dataset.identity,
      classes: [...dataset.classes],
      train: dataset.train.length,
      reference: dataset.reference.length,
      heldOut: dataset.heldOut.length,
      scoredAgainst: config.scoreAgainst,
    },
    features: scores?.features ?? config.features.plugin,
    featureDims: scores?.featureDims ?? 0,
    match: matchSentence(found),
    banner:
      dataset.resolution < SMOKE_SCALE
        ? `Smoke scale (${dataset.resolution} px, below ${SMOKE_SCALE}): for regressions, not for quality claims.`
        : null,
    summary: "",
    totals: { trainFlops: flops(true), sampleFlops: flops(false), wallSeconds },
    entries: [
      ...found.entries.flatMap((entry) => modelEntries(entry, seeds)),
      ...found.points.map(pointEntry),
    ],
    ...(found.curves.length > 0 ? { curves: [...found.curves] } : {}),
    ...(config.comparison ? { comparison: config.comparison } : {}),
  };
}

const lacksFilm = (entry: FoundEntry): boolean =>
  entry.planned.stages.length > 0 &&
  isTrained(entry) &&
  entry.sampling !== null &&
  entry.pictures.film === null;

const filmless = ({ name }: PlannedEntry): string =>
  `${name}: no film strip over training: its weights were trained with another sampler or other checkpoints, and pictures of training cannot be taken afterwards`;

const standsAlone = ({ planned }: FoundEntry): boolean => planned.resamplings.length === 0;

const alone = ({ name, unmatched }: PlannedEntry): string =>
  `${name}: as published alone, since ${unmatched}`;

function modelEntries(entry: FoundEntry, seeds: string): ResultEntry[] {
  const { planned, sampling, failure, pictures, reconstruction } = entry;
  const { pretrained, stages, made } = planned;
  const elsewhere = pretrained.length > 0 ? [describePretrained(pretrained)] : [];
  const common = {
    weights: weightsHash(entry),
    recipe: planned.stages.at(-1)?.recipe ?? null,
    seeds: made.images === null ? seeds : null,
  };
  const model: ResultEntry = {
    name: planned.name,
    kind: "model",
    description: `${planned.title}: ${[
      ...(stages.length > 0
        ? [stages.map(({ name, steps }) => `${name} (${steps} steps)`).join(", then ")]
        : []),
      ...elsewhere,
      ...(made.elsewhere ? ["not trained here; its networks are not counted here"] : []),
    ].join(". ")}`,
    status: failure === null ? "ok" : "failed",
    failure,
    sampling: sampling ? { ...sampling.result.description } : {},
    deviations: [...elsewhere.map((sentence) => `${sentence}.`), ...planned.deviations],
    n: sampling?.result.n ?? 0,
    ...common,
    ...pictures,
    filmSteps: [...pictures.filmSteps],
  };
  const own = {
    ...model,
    ...(pretrained.length > 0 && { pretrained: pretrainedLines(entry) }),
    ...(planned.unmatched !== null && { unmatched: planned.unmatched }),
  };
  const again = resampledEntries(model, entry);
  if (!reconstruction) return [own, ...again];
  return [
    own,
    ...again,
    {
      ...model,
      name: reconstructionName(planned.name),
      kind: "reconstruction",
      description: "held-out images through its autoencoder and back",
      sampling: {},
      deviations: [],
      n: reconstruction.measured.n,
      seeds: null,
      ...reconstruction.pictures,
      filmSteps: [],
    },
  ];
}

/** A training of this run has ledger lines, though a file may tell of it too. */
const pretrainedLines = ({ planned, training }: FoundEntry): NonNullable<ResultEntry["pretrained"]> =>
  toldLines(
    planned.pretrained.map(({ path, ...file }) => ({ ...file, file: basename(path) })),
    training.map(({ result }) => result.weightsSha256),
  ).map(({ kind: _, macs: __, ...line }) => line);

/** Of what it samples from: a file's own, or a hash over all that was trained and named; null where training broke off. */
function weightsHash(entry: FoundEntry): string | null {
  const { pretrained, stages, made } = entry.planned;
  if (made.identity !== null) return made.identity;
  const files = distinctFiles(pretrained).map(({ sha256 }) => sha256);
  if (stages.length === 0 && files.length === 1) return files[0]!;
  return isTrained(entry)
    ? hashOf([...entry.training.map(({ result }) => result.weightsSha256), ...files])
    : null;
}

function pointEntry({ name, description, score, failure, pictures }: FoundPoint): ResultEntry {
  return {
    name,
    kind: "reference-point",
    description,
    status: failure === null ? "ok" : "failed",
    failure,
    sampling: {},
    deviations: [],
    n: score?.n ?? 0,
    weights: null,
    recipe: null,
    seeds: null,
    ...pictures,
    filmSteps: [],
  };
}

function warningsOf({ dataset, found, config, warnings }: Assembly): string[] {
  const scores = [...found.entries, ...found.points].flatMap(({ score }) => score ?? []);
  const counts = new Set(scores.map(({ n }) => n));
  return [
    ...warnings,
    ...dataset.warnings,
    ...(config.comparison ? found.entries.filter(standsAlone).map(({ planned }) => alone(planned)) : []),
    ...found.entries.filter(lacksFilm).map(({ planned }) => filmless(planned)),
    ...(scores[0]?.warnings ?? []),
    ...(counts.size > 1
      ? [
          `rows are of different n (${[...counts].sort((a, b) => a - b).join(", ")}): distances of unequal n are not comparable`,
        ]
      : []),
    ...(config.scoreAgainst === "train"
      ? ["scores are against the training set: metric ids end in -train"]
      : []),
  ];
}
