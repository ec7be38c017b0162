/** The result of a run from what its jobs found: nothing is computed here but sums and sentences. */

import { EXIT } from "../errors.ts";
import { loadBaseline } from "../gate/baseline.ts";
import { gate } from "../gate/gate.ts";
import { parseGates } from "../gate/schema.ts";
import { compareEntries } from "../gate/summary.ts";
import { samplingLines, trainingLines } from "../measure/ledger.ts";
import { packageVersion } from "../package-root.ts";
import type { Dataset } from "../plugin.ts";
import { type LedgerLine, RESULT_SCHEMA_VERSION, type Result } from "../result.ts";
import { modelEntries, pointEntry } from "./assemble-entries.ts";
import { milestoneLines } from "./assemble-milestones.ts";
import { resampledLines } from "./assemble-resamplings.ts";
import { rowsOf } from "./assemble-rows.ts";
import type { Found, FoundEntry } from "./found.ts";
import { hashOf } from "./identity.ts";
import type { Beginning } from "./journal.ts";
import { isTrained, matchSentence } from "./match-sentence.ts";
import type { PlannedEntry } from "./plan.ts";
import { seedsHash } from "./samples-key.ts";
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
  const results = rowsOf(found);
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

function ledgerOf({ entries, brokenTraining }: Found): LedgerLine[] {
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
    ...brokenTraining,
    ...entries.flatMap(({ planned, sampling, broken }) =>
      sampling ? samplingLines(planned.name, sampling.result, sampling.cached) : broken,
    ),
    ...entries.flatMap((entry) => [...resampledLines(entry), ...milestoneLines(entry)]),
  ];
}

function runOf(
  { config, beginning, dataset, found, finishedAt, wallSeconds }: Assembly,
  ledger: readonly LedgerLine[],
): Result["run"] {
  const { command, startedAt } = beginning;
  const complete =
    found.entries.every(({ failure, resamplings, milestones }) =>
      [failure, ...[...resamplings, ...milestones].map((one) => one.failure)].every((one) => one === null),
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

function warningsOf({ dataset, found, config, warnings }: Assembly): string[] {
  const scores = [...found.entries, ...found.points].flatMap(({ score }) => score ?? []);
  const counts = new Set(scores.map(({ n }) => n));
  return [
    ...warnings,
    ...dataset.warnings,
    ...(config.comparison ? found.entries.filter(standsAlone).map(({ planned }) => alone(planned)) : []),
    ...found.entries.flatMap(({ planned: { name, unreached } }) =>
      unreached === null ? [] : [`${name}: ${unreached}`],
    ),
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
