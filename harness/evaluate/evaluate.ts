/** Two sets of images to a result of one entry: what the first scores against the second. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { loadPlugin, parseOptions } from "../config/plugins.ts";
import { UserError } from "../errors.ts";
import type { StoredStatistics } from "../formats/statistics.ts";
import { matrix, type Product, product } from "../linear-algebra/index.ts";
import { environment } from "../measure/environment.ts";
import { jackknifeGroups, type Normal, normalOfCovariance } from "../metrics/index.ts";
import { packageVersion } from "../package-root.ts";
import type { Backend, FeatureExtractor } from "../plugin.ts";
import { RESULT_SCHEMA_VERSION, type Result, type ResultEntry } from "../result.ts";
import { type ExtractedSet, extractSet, requireEnough } from "./extract.ts";
import { type ImageSet, openImageSet } from "./image-set.ts";
import { openReference, type ReferenceSource } from "./reference.ts";
import { makeReference, referenceScores, scoreRows } from "./scores.ts";

export interface Evaluation {
  /** A folder of images, or an .npz of samples. */
  readonly samples: string;
  /** The same, or a file of statistics. */
  readonly reference: string;
  /** A feature extractor by its name, or a path to one, and its options. */
  readonly features: { readonly plugin: string; readonly options: Readonly<Record<string, unknown>> };
  readonly threads: number;
  readonly command: string;
  readonly progress: {
    stage(name: string, total: number, unit: string): { update(done: number): void; done(): void };
  };
}

/** @throws UserError for sets that cannot be read or compared */
export async function evaluate(evaluation: Evaluation): Promise<Result> {
  const startedAt = new Date();
  const began = performance.now();
  const { backend, extractor } = await open(evaluation);
  const opened: (ImageSet | null)[] = [];
  try {
    const set = await openImageSet(evaluation.samples);
    opened.push(set);
    const source = await openReference(evaluation.reference);
    opened.push(source.images);
    for (const images of opened) if (images) requireEnough(images);
    requireDimensions(source, extractor);
    const samples = await extracted(evaluation, set, extractor);
    const images = source.images && (await extracted(evaluation, source.images, extractor));
    const reference = { path: source.path, statistics: source.statistics, images };
    const groups = jackknifeGroups(samples.labels ?? new Int32Array(samples.features.n));
    const multiply = backend.product ?? product;
    const names = { extractor: extractor.name, suffix: "", classesMatch: null, multiply };
    const standard = await makeReference(
      images?.features ?? null,
      source.statistics && (await normalOf(source.statistics, multiply)),
      names,
    );
    const scores = await referenceScores(samples.features, groups, standard);
    const entry = entryOf(samples);
    return {
      schemaVersion: RESULT_SCHEMA_VERSION,
      run: {
        ...runOf(evaluation, extractor, samples, reference),
        id: `${startedAt.toISOString()}-eval`,
        startedAt: startedAt.toISOString(),
        finishedAt: new Date().toISOString(),
        totals: { trainFlops: 0, sampleFlops: 0, wallSeconds: (performance.now() - began) / 1000 },
        entries: [entry],
      },
      env: await environment(backend, process.cwd()),
      results: scoreRows(entry.name, scores),
      ledger: [],
      comparisons: [],
      verdicts: [],
      gate: { status: "none", reason: "nothing is gated here: give this result to gate" },
      warnings: [...(extractor.warnings ?? []), ...warningsOf(samples, reference, extractor)],
    };
  } finally {
    await Promise.all([extractor.dispose(), ...opened.map((set) => set?.close())]);
  }
}

async function open({ features, threads }: Evaluation) {
  const source = "the command line";
  const backends = await loadPlugin("backend", "onnxruntime", process.cwd());
  const descriptor = { kind: "backend", plugin: "onnxruntime", options: { threads } } as const;
  const backend: Backend = await backends.open(parseOptions(backends, descriptor, ["backend"], source));
  const context = { baseFolder: process.cwd() };
  const plugin = await loadPlugin("features", features.plugin, context.baseFolder);
  const options = parseOptions(plugin, { kind: "features", ...features }, ["features"], source);
  return { backend, extractor: await plugin.open(options, backend, context) };
}

async function extracted(
  { progress }: Evaluation,
  set: ImageSet,
  extractor: FeatureExtractor,
): Promise<ExtractedSet> {
  const stage = progress.stage(`features of ${set.path}`, set.length, "images");
  const found = await extractSet(set, extractor, (done) => stage.update(done));
  stage.done();
  return found;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Nothing is known of the weights behind a folder of images: seeds are, by the names of its files. */
const entryOf = ({ path, features, draws }: ExtractedSet): ResultEntry => ({
  name: path,
  kind: "model",
  description: `images of ${path}`,
  status: "ok",
  failure: null,
  sampling: {},
  deviations: [],
  n: features.n,
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
  { command }: Evaluation,
  extractor: FeatureExtractor,
  samples: ExtractedSet,
  reference: ExtractedReference,
): Omit<Result["run"], "id" | "startedAt" | "finishedAt" | "totals" | "entries"> {
  return {
    tool: `epg-bench ${packageVersion()}`,
    status: "complete",
    configHash: sha256(`eval ${extractor.id}`),
    config: "built-in: eval",
    command,
    seed: 0,
    // 0: of several.
    resolution: samples.size?.height ?? 0,
    samples: samples.features.n,
    labels: labelRule(samples.labels),
    dataset: {
      name: reference.path,
      identity: sha256(`${contentOf(reference)} ${extractor.id}`),
      classes: [],
      train: 0,
      reference: reference.statistics?.images ?? reference.images?.features.n ?? 0,
      heldOut: 0,
      scoredAgainst: "reference",
    },
    features: extractor.id,
    featureDims: extractor.dims,
    match: "One set of images against another; nothing was trained.",
    banner: null,
    summary: "",
  };
}

/** "balanced": equally many (±1) of every label; "frequency": otherwise. */
function labelRule(labels: Int32Array | null): string {
  if (!labels) return "unlabelled";
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sizes = [...counts.values()];
  return Math.max(...sizes) - Math.min(...sizes) <= 1 ? "balanced" : "frequency";
}

function warningsOf(
  samples: ExtractedSet,
  { path, statistics, images }: ExtractedReference,
  { name, dims }: FeatureExtractor,
): string[] {
  const warnings: string[] = [];
  if (statistics)
    warnings.push(
      `${path} does not say which network its statistics are of: they are taken to be of ${name}, prepared as here`,
    );
  if (images?.content === samples.content)
    warnings.push(
      "the two sets hold the same pixels in the same order: the distances are of a set to itself",
    );
  const fewest = Math.min(samples.features.n, images && !statistics ? images.features.n : Infinity);
  if (fewest <= dims)
    warnings.push(
      `${fewest} images are not more than the ${dims} dimensions: much of the Fréchet distance is then the bias of a small set, so compare it between sets of equal n alone, or read KID`,
    );
  if (images && (sizeOf(samples) !== sizeOf(images) || !samples.size))
    warnings.push(
      `images of ${sizeOf(samples)} against a reference of ${sizeOf(images)}: how they were resized is part of the distance`,
    );
  return warnings;
}

const sizeOf = ({ size }: ExtractedSet): string => (size ? `${size.width}x${size.height}` : "several sizes");

interface ExtractedReference extends Omit<ReferenceSource, "images"> {
  readonly images: ExtractedSet | null;
}

/** What a reference is made of: its pixels, its statistics. */
function contentOf({ statistics, images }: ExtractedReference): string {
  const hash = createHash("sha256").update(images?.content ?? "");
  for (const { buffer, byteOffset, byteLength } of statistics ? [statistics.mean, statistics.covariance] : [])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}

function requireDimensions({ path, statistics }: ReferenceSource, { name, dims }: FeatureExtractor): void {
  if (statistics && statistics.mean.length !== dims)
    throw new UserError(
      `${path} holds statistics of ${statistics.mean.length} dimensions, and ${name} has ${dims}`,
      "name the network they were made with by --features",
    );
}

const normalOf = ({ mean, covariance }: StoredStatistics, multiply: Product): Promise<Normal> =>
  normalOfCovariance(mean, matrix(mean.length, mean.length, covariance), multiply);
