/** The result of a run from what its jobs found: nothing is computed here but sums and sentences. */

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
import type { Found, FoundEntry, FoundPoint } from "./found.ts";
import { hashOf } from "./identity.ts";
import type { Beginning } from "./journal.ts";
import { type PlannedEntry, reconstructionName, seedsHash } from "./plan.ts";
import { describePretrained, elsewhereSentence, teraFlops } from "./pretrained.ts";
import { reconstructionRows } from "./reconstruction-rows.ts";
import { measureRows, probeRow } from "./rows.ts";
import type { SettledConfig } from "./settle.ts";

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
    if (sampling && timing)
      rows.push(
        ...measureRows({
          planned,
          training: training.map(({ result }) => result),
          sampling: sampling.result,
          timing,
        }),
      );
    if (probe) rows.push(probeRow(planned.name, probe));
    if (reconstruction) rows.push(...reconstructionRows(planned.name, reconstruction));
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
  ];
}

function runOf(
  { config, beginning, dataset, found, finishedAt, wallSeconds }: Assembly,
  ledger: readonly LedgerLine[],
): Result["run"] {
  const { command, startedAt } = beginning;
  const complete =
    found.entries.every(({ failure }) => failure === null) &&
    found.points.every(({ failure }) => failure === null);
  const scores = [...found.entries, ...found.points]
    .map(({ score }) => score)
    .find((score) => score !== null);
  const flops = (training: boolean): number =>
    ledger
      .filter(({ kind }) => (kind === "training" || kind === "encoding") === training)
      .reduce((sum, line) => sum + line.flops, 0);
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
      ...found.entries.flatMap((entry) => modelEntries(entry, config)),
      ...found.points.map(pointEntry),
    ],
    ...(found.curves.length > 0 ? { curves: [...found.curves] } : {}),
  };
}

/** How equal the training compute is of the entries that were trained. */
function matchSentence({ entries }: Found): string {
  const named = (some: readonly FoundEntry[]): string =>
    some.map(({ planned }) => `"${planned.name}"`).join(", ");
  const elsewhere = elsewhereSentence(entries.map(({ planned }) => planned));
  const here = entries.filter(({ planned }) => !planned.pretrained);
  const trained = here.filter(isTrained);
  const broken = here.filter((entry) => !isTrained(entry));
  const others = `${broken.length === 0 ? "" : ` Not trained to the end: ${named(broken)}.`}${elsewhere}`;
  if (here.length === 0) return others.trim();
  if (trained.length === 0) return `No entry was trained to the end.${others}`;
  const all = trained.map(({ planned }) => planned.trainFlops);
  const most = Math.max(...all);
  const least = Math.min(...all);
  if (all.length === 1)
    return `One entry, "${trained[0]!.planned.name}", trained with ${teraFlops(most)} in all.${others}`;
  const apart = ((most - least) / least) * 100;
  return apart <= 2
    ? `Equal training compute: ${others === "" ? "every entry" : "every other entry"} is trained with ${teraFlops(least)} to ${teraFlops(most)} in all, ${apart.toFixed(2)} % apart (pre-training and VAE included), on the same data, and sampled with the same labels.${others}`
    : `Training compute is not equal: from ${teraFlops(least)} to ${teraFlops(most)} in all, ${apart.toFixed(0)} % apart.${others}`;
}

const isTrained = ({ planned, training }: FoundEntry): boolean => training.length === planned.stages.length;

const lacksFilm = (entry: FoundEntry): boolean =>
  !entry.planned.pretrained && isTrained(entry) && entry.sampling !== null && entry.pictures.film === null;

const filmless = ({ name }: PlannedEntry): string =>
  `${name}: no film strip over training: its weights were trained with another sampler or other checkpoints, and pictures of training cannot be taken afterwards`;

function modelEntries(entry: FoundEntry, config: SettledConfig): ResultEntry[] {
  const { planned, sampling, failure, pictures, reconstruction } = entry;
  const { pretrained } = planned;
  const trained = isTrained(entry) ? hashOf(entry.training.map(({ result }) => result.weightsSha256)) : null;
  const common = {
    weights: pretrained?.sha256 ?? trained,
    recipe: planned.stages.at(-1)?.recipe ?? null,
    seeds: seedsHash(config),
  };
  const model: ResultEntry = {
    name: planned.name,
    kind: "model",
    description: `${planned.title}: ${
      pretrained
        ? describePretrained(pretrained)
        : planned.stages.map(({ name, steps }) => `${name} (${steps} steps)`).join(", then ")
    }`,
    status: failure === null ? "ok" : "failed",
    failure,
    sampling: sampling ? { ...sampling.result.description } : {},
    deviations: [...(pretrained ? [`${describePretrained(pretrained)}.`] : []), ...planned.deviations],
    n: sampling?.result.n ?? 0,
    ...common,
    ...pictures,
    filmSteps: [...pictures.filmSteps],
  };
  if (!reconstruction) return [model];
  return [
    model,
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
