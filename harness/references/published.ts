/** What has been published of models on ImageNet at 256 and 512 pixels, each number with where it was read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../package-root.ts";

const positive = z.number().positive().nullable();
const count = z.int().positive().nullable();
const share = z.number().min(0).max(1).nullable();

const LEVELS = ["primary", "paper-text", "transcribed", "citing", "note", "press"] as const;

const source = z.strictObject({
  kind: z.string(),
  /** "arXiv 2212.09748 Table 2" */
  ref: z.string().min(1),
  /** How near to the authors it was read; `levels` of the file says what each means. */
  level: z.enum(LEVELS),
  /** Through whom. */
  via: z.string().nullable().optional(),
  key: z.string(),
});

const guidance = z.strictObject({
  type: z.string(),
  scale: z.number().optional(),
  /** As its own config writes it, where that is another convention. */
  scaleConfig: z.number().optional(),
  channels: z.int().optional(),
  sigmaLow: z.number().optional(),
  sigmaHigh: z.number().optional(),
  sigmaUnits: z.string().optional(),
});

const result = z.strictObject({
  id: z.string().min(1),
  family: z.string().min(1),
  model: z.string().min(1),
  space: z.enum(["pixel", "latent"]),
  tokenizer: z.string().nullable(),
  resolution: z.int().positive(),
  setting: z.string(),
  guidance: guidance.nullable(),
  sampler: z.string().nullable(),
  /** Network calls an image, those of guidance counted. */
  nfe: count,
  /** As printed: "250x2". */
  nfeText: z.string().nullable(),
  paramsM: positive,
  tokenizerParamsM: positive,
  /** Of one call, in the multiply-accumulates that papers print as Gflops. */
  gflops: positive,
  tokenizerDecodeGflops: positive,
  /** Whether attention's products are in `gflops`. */
  gflopsConvention: z.string().nullable(),
  epochs: positive,
  trainSteps: count,
  batchSize: count,
  fid: z.number().nonnegative(),
  sfid: positive,
  inceptionScore: positive,
  precision: share,
  recall: share,
  externalPretraining: z.array(z.string()).nullable(),
  notes: z.string().nullable(),
  sources: z.array(source).min(1),
});

export type PublishedResult = z.infer<typeof result>;

const trainingCost = z.strictObject({
  id: z.string().min(1),
  what: z.string(),
  hours: positive,
  /** "8x H200" */
  hardware: z.string().nullable(),
  steps: count,
  batch: count,
  epochs: positive,
  sources: z.array(source).min(1),
});

export const publishedSchema = z.strictObject({
  schemaVersion: z.literal(1),
  about: z.string(),
  levels: z.record(z.enum(LEVELS), z.string()),
  results: z.array(result),
  trainingCost: z.array(trainingCost),
  /** Counted from the papers’ layer tables, not published. */
  compute: z.strictObject({
    derived: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
    derivedBy: z.string(),
  }),
});

const conflict = z.strictObject({
  /** Rows of one model and setting, or one row that others print otherwise. */
  rows: z.array(z.string()).min(1),
  field: result.keyof(),
  values: z.array(z.strictObject({ value: z.number(), by: z.string().min(1) })).min(2),
});

/** A number that sources do not agree on. */
export type PublishedConflict = z.infer<typeof conflict>;

const read = (file: string): unknown =>
  JSON.parse(readFileSync(join(packageRoot(), "reference-stats", file), "utf8"));

let results: z.infer<typeof publishedSchema> | undefined;
let conflicts: readonly PublishedConflict[] | undefined;

/** The published results that are shipped, checked. */
export function published(): z.infer<typeof publishedSchema> {
  results ??= publishedSchema.parse(read("published.json"));
  return results;
}

/**
 * Families whose FID is known to be another tool's than ADM's evaluator (docs/which-number.md). JiT's may read up to 0.08
 * lower than ADM's (AsymFlow).
 */
const OTHER_EVALUATORS: Readonly<Record<string, string>> = {
  JiT: "a fork of torch-fidelity",
  "U-ViT": "a copy of pytorch-fid",
  EDM2: "EDM2's own evaluator",
  "StyleGAN-XL": "StyleGAN's own evaluator",
  MeanFlow: "Inception in JAX",
  iMF: "Inception in JAX",
};

/** The tool behind a row's FID, where it is known to be another than ADM's. */
export const otherEvaluator = ({ family }: PublishedResult): string | null =>
  Object.hasOwn(OTHER_EVALUATORS, family) ? OTHER_EVALUATORS[family]! : null;

/** What is published of a row otherwise too: shown, never averaged. */
export function conflictsOf(id: string): readonly PublishedConflict[] {
  conflicts ??= z.array(conflict).parse(read("published-conflicts.json"));
  return conflicts.filter(({ rows }) => rows.includes(id));
}

/** The published cost of a training. @throws Error for an id that the file has not */
export function publishedTraining(id: string): z.infer<typeof trainingCost> {
  const found = published().trainingCost.find((row) => row.id === id);
  if (!found) throw new Error(`published.json has no trainingCost "${id}"`);
  return found;
}

/** The nearest to the authors of a row's sources. */
export function levelOf({ sources }: Pick<PublishedResult, "sources">): (typeof LEVELS)[number] {
  return LEVELS.find((level) => sources.some((source) => source.level === level))!;
}

/**
 * Multiply-accumulates of sampling an image: calls × those of one call, and a decoding where the model is latent;
 * SD-VAE's by our own count, where a paper prints none. null where calls or network are unknown.
 */
export function samplingMacs(row: PublishedResult): number | null {
  const decode = row.space === "pixel" ? 0 : (row.tokenizerDecodeGflops ?? countedDecode(row));
  return row.nfe === null || row.gflops === null || decode === null
    ? null
    : 1e9 * (row.nfe * row.gflops + decode);
}

function countedDecode({ tokenizer, resolution }: PublishedResult): number | null {
  if (!tokenizer?.startsWith("SD-VAE")) return null;
  const counted = published().compute.derived.find(({ id }) => id === `sdvae-${resolution}`);
  return Number(counted!.decode);
}
