/** What an evaluation found, as the result of a run of one entry. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { environment } from "../measure/environment.ts";
import { packageVersion } from "../package-root.ts";
import type { Backend } from "../plugin.ts";
import { RESULT_SCHEMA_VERSION, type Result, type ResultEntry } from "../result.ts";
import type { Evaluation } from "./evaluate.ts";
import type { EvaluationPlan } from "./evaluation-plan.ts";
import { evaluationWarnings } from "./evaluation-warnings.ts";
import type { FeatureSet } from "./feature-set.ts";
import type { ReferenceSource } from "./reference.ts";
import { type Score, scoreRows } from "./score.ts";
import { extractorName, type Seen } from "./seen.ts";

export interface Evaluated {
  readonly plan: EvaluationPlan;
  readonly seen: Seen;
  readonly reference: ReferenceSource;
  readonly backend: Backend;
  readonly scores: readonly Score[];
  readonly startedAt: Date;
}

export async function evaluationResult(evaluation: Evaluation, evaluated: Evaluated): Promise<Result> {
  const { seen, backend, scores, startedAt } = evaluated;
  const entry = entryOf(seen.samples);
  const finishedAt = new Date();
  return {
    schemaVersion: RESULT_SCHEMA_VERSION,
    run: {
      ...runOf(evaluation, evaluated),
      id: `${startedAt.toISOString()}-eval`,
      startedAt: startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      totals: {
        trainFlops: 0,
        sampleFlops: 0,
        wallSeconds: (finishedAt.getTime() - startedAt.getTime()) / 1000,
      },
      entries: [entry],
    },
    env: await environment(backend, process.cwd()),
    results: scoreRows(entry.name, scores),
    ledger: [],
    comparisons: [],
    verdicts: [],
    gate: { status: "none", reason: "nothing is gated here: give this result to gate" },
    warnings: evaluationWarnings(evaluation, evaluated),
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Nothing is known of the weights behind a set of images: seeds are, by the names of its files. */
const entryOf = ({ path, n, draws, size, extractor }: FeatureSet): ResultEntry => ({
  // One name whatever the path: the next evaluation is compared with this one by it.
  name: "samples",
  kind: "model",
  description: [`images of ${path}`, size, extractor?.preparation].filter(Boolean).join(", "),
  status: "ok",
  failure: null,
  sampling: {},
  deviations: [],
  n,
  weights: null,
  recipe: null,
  seeds: draws,
  samples: path.endsWith(".npz") ? resolve(path) : null,
  grid: null,
  film: null,
  filmSteps: [],
  neighbours: null,
});

function runOf(
  { command, convention, settings }: Evaluation,
  { plan, seen, reference }: Evaluated,
): Omit<Result["run"], "id" | "startedAt" | "finishedAt" | "totals" | "entries"> {
  const { samples } = seen;
  const features = featuresId(samples, plan);
  return {
    tool: `epg-bench ${packageVersion()}`,
    status: "complete",
    configHash: sha256(`eval ${features} ${convention.tool ?? "own"} ${JSON.stringify(settings)}`),
    config: convention.tool === null ? "built-in: eval" : `built-in: eval --as ${convention.tool}`,
    command,
    seed: settings.seed ?? 0,
    // 0: of several, or not known.
    resolution: Number(samples.size?.split("x")[1] ?? 0) || 0,
    samples: samples.n,
    labels: labelRule(samples.labels),
    dataset: {
      name: reference.path,
      identity: sha256(`${contentOf(reference, seen.reference)} ${features}`),
      classes: [],
      train: 0,
      reference: reference.statistics?.images ?? seen.reference?.n ?? 0,
      heldOut: 0,
      scoredAgainst: "reference",
    },
    features,
    featureDims: samples.layers.get(plan.samples.get("features")!)!.cols,
    match: `Scored by ${samples.extractor?.tool === null && convention.tool !== null ? "the arithmetic alone" : "the convention"} of ${convention.description}. Nothing was trained.`,
    banner: null,
    summary: "",
  };
}

/** name@sha256, the name that metrics carry in front. */
function featuresId(samples: FeatureSet, plan: EvaluationPlan): string {
  const name = extractorName(samples, plan);
  if (name !== null) return `${name}@${samples.extractor!.id.split("@")[1]}`;
  const layer = samples.layers.size > 1 ? `, layer ${plan.samples.get("features")}` : "";
  return `unknown extractor${layer}`;
}

/** "balanced": equally many (±1) of every label; "unbalanced": otherwise. */
export function labelRule(labels: Int32Array | null): string {
  if (!labels) return "unlabelled";
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sizes = [...counts.values()];
  return Math.max(...sizes) - Math.min(...sizes) <= 1 ? "balanced" : "unbalanced";
}

/** What a reference is made of: its pixels or its features, its statistics. */
function contentOf({ statistics, spatial }: ReferenceSource, features: FeatureSet | null): string {
  const hash = createHash("sha256").update(features?.content ?? "");
  for (const one of [statistics, spatial])
    for (const { buffer, byteOffset, byteLength } of one ? [one.mean, one.covariance] : [])
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}
