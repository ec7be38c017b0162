/**
 * `result.json`: what a run found, and all that reports and gates read. Every value stands beside its
 * unit and direction; a missing value is null, never NaN. The JSON schema is made from this file.
 */
import { z } from "zod";

/** Raised by one when a reader of the old form would misread the new; additions do not raise it. */
export const RESULT_SCHEMA_VERSION = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const row = z.strictObject({
  entry: z.string(),
  /** Full metric id, such as `kid-efficientnet-lite0`, `nfe`, `throughput`. */
  metric: z.string(),
  value: z.number().nullable(),
  unit: z.string(),
  direction: z.enum(["lower", "higher", "none"]),
  /** Images the value was computed from; null where images play no part. */
  n: z.int().nullable(),
  standardError: z.number().nonnegative().nullable(),
  /** How it was computed, in the field's words: "unbiased, all samples; error: 20-group delete jackknife". */
  convention: z.string(),
  /** The same statistic of real images (IS of the reference, accuracy on held-out …), to be printed beside it. */
  beside: z.strictObject({ label: z.string(), value: z.number().nullable() }).optional(),
  /** The metric with seed group g left out, g = 0…: what paired comparisons and their errors are made from. */
  deleteGroup: z.array(z.number()).optional(),
  /** Of a timing: how often it was repeated. */
  rounds: z.int().optional(),
  /** Not counted here: as the config declares it, or the model's own program reports it. */
  told: z.enum(["declared", "reported"]).optional(),
  /** Never to be gated, and why. */
  notGated: z.string().optional(),
});

const resampled = z.strictObject({
  /** The model entry whose weights they are. */
  of: z.string(),
  /** `matched`: guided. Both: at the same numbers of calls for every entry. */
  terms: z.enum(["unguided", "matched"]),
  /** Network calls an image at most, those of guidance among them. */
  calls: z.int(),
  /** By which the guidance scale was chosen, the lowest `kid`; none where there was no choice. */
  trials: z.array(
    z.strictObject({
      guidance: z.number(),
      /** Images of the trial, whose seeds are not those of the samples; and the held-out images they are held against. */
      n: z.int(),
      heldOut: z.int(),
      kid: z.number(),
      standardError: z.number().nonnegative().nullable(),
    }),
  ),
});

const milestone = z.strictObject({
  /** The model entry whose training it is of. */
  of: z.string(),
  /** Of the entry's training FLOPs, as the config names it; what they were, steps being whole, is in `total-train-flops`. */
  part: z.number(),
  /** Steps of the entry's last stage, and of them all. */
  step: z.int(),
  steps: z.int(),
});

const entry = z.strictObject({
  name: z.string(),
  /**
   * `model`: trained and sampled; `resampled`: a model's weights sampled on the comparison's terms; `milestone`: a model's
   * weights on the way, sampled as it is; `reconstruction`: a model's autoencoder on held-out images; `reference-point`: a yardstick.
   */
  kind: z.enum(["model", "resampled", "milestone", "reconstruction", "reference-point"]),
  /** One sentence: what this entry is. */
  description: z.string(),
  status: z.enum(["ok", "failed"]),
  /** Why it failed, with the step where training broke off. */
  failure: z.string().nullable(),
  /** Sampler, steps, guidance …; empty for reference points. */
  sampling: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** What the configuration does otherwise than its paper. */
  deviations: z.array(z.string()),
  n: z.int(),
  /** sha256 of the weights sampled from; null without weights. Equal hashes: the same weights. */
  weights: sha256.nullable(),
  /** sha256 of everything that fixes training but the seed: two seeds of one recipe share it. */
  recipe: sha256.nullable(),
  /** sha256 of seeds, labels and their order: equal hashes can be paired group by group. */
  seeds: sha256.nullable(),
  /** File of generated images, relative to the run folder (.npz, arr_0 uint8 NHWC, arr_1 labels). */
  samples: z.string().nullable(),
  /** PNGs relative to the run folder: the grid, the film strip over training, the nearest training images. */
  grid: z.string().nullable(),
  film: z.string().nullable(),
  /** Training step of each frame of the film strip. */
  filmSteps: z.array(z.int()),
  neighbours: z.string().nullable(),
  /** Trainings of the files that stand in for its stages, by their own account; steps and FLOPs null: they do not tell. */
  pretrained: z
    .array(
      z.strictObject({
        stage: z.string(),
        file: z.string(),
        steps: z.int().nullable(),
        flops: z.number().nullable(),
        autoencoder: z.literal(true).optional(),
      }),
    )
    .optional(),
  resampled: resampled.optional(),
  milestone: milestone.optional(),
  /** Of a run with a comparison: why none of its rows is `matched`. */
  unmatched: z.string().optional(),
});

const trainingCurve = z.strictObject({
  /** "EPG: pre-training"; a shared stage bears the name of the first entry that needs it. */
  stage: z.string(),
  /** Steps, images, FLOPs and every scalar of the stage, relative to the run folder. */
  csv: z.string(),
  /** Its loss, drawn. */
  svg: z.string(),
});

const ledgerLine = z.strictObject({
  /** "pre-training", "diffusion fine-tuning", "VAE", "latent encoding", "sampling". */
  stage: z.string(),
  /** Entries billed for it. */
  entries: z.array(z.string()),
  kind: z.enum(["training", "encoding", "sampling", "decoding"]),
  steps: z.int().nullable(),
  images: z.int(),
  batchSize: z.int(),
  /** Multiply-accumulates of the whole line, counted from the program; null: not known. */
  macs: z.number().nullable(),
  /** 2·MACs + element-wise operations, of the whole line; null: not known. */
  flops: z.number().nullable(),
  /** Beside `flops`: what was computed anew for the backward pass to save memory. No budget and no bill counts it. */
  recomputedFlops: z.number().optional(),
  parameters: z.int().nullable(),
  /** MACs are as the config declares them, not counted. */
  declared: z.literal(true).optional(),
  /** MACs are as the model's own file tells them, not counted here. */
  reported: z.literal(true).optional(),
  /** Training of an autoencoder, which other models can share. */
  autoencoder: z.literal(true).optional(),
  /** It failed: what it took until then, and the steps or images it had made. */
  failed: z.literal(true).optional(),
  /** The stage's first run, also after a resume or from the cache; null where it was not timed apart. */
  wallSeconds: z.number().nullable(),
  /** Of `wallSeconds`, what training's steps waited for their batches; absent in results before it was measured. */
  inputWaitSeconds: z.number().nonnegative().optional(),
  peakMemoryBytes: z.int().nullable(),
  cached: z.boolean(),
});

const comparison = z.strictObject({
  metric: z.string(),
  /** Base first: an entry of this run, or of the baseline. */
  base: z.string(),
  entry: z.string(),
  difference: z.number().nullable(),
  standardError: z.number().nonnegative().nullable(),
  /** Difference over base, signed so that positive is worse. */
  relativeHarm: z.number().nullable(),
  interval: z.tuple([z.number(), z.number()]).nullable(),
  pairing: z.enum(["paired", "unpaired", "exact"]),
  /** Whether the difference exceeds its error. */
  significant: z.boolean(),
  sentence: z.string(),
});

const verdict = z.strictObject({
  entry: z.string(),
  metric: z.string(),
  level: z.enum(["error", "warn"]),
  status: z.enum(["worse", "ok", "unclear", "missing", "incomparable", "target-missed", "new"]),
  base: z.number().nullable(),
  found: z.number().nullable(),
  /** "maxWorse 5%", "equal". */
  limit: z.string(),
  comparison: z.enum(["same-weights", "retrained", "exact"]).nullable(),
  interval: z.tuple([z.number(), z.number()]).nullable(),
  reason: z.string(),
});

export const resultSchema = z.strictObject({
  schemaVersion: z.literal(RESULT_SCHEMA_VERSION),
  run: z.strictObject({
    id: z.string(),
    tool: z.string(),
    startedAt: z.string(),
    finishedAt: z.string(),
    status: z.enum(["complete", "incomplete"]),
    configHash: sha256,
    /** The config file as given, or "built-in". */
    config: z.string(),
    /** The command that makes this run again. */
    command: z.string(),
    seed: z.int(),
    resolution: z.int(),
    samples: z.int(),
    labels: z.string(),
    dataset: z.strictObject({
      name: z.string(),
      identity: sha256,
      classes: z.array(z.string()),
      train: z.int(),
      reference: z.int(),
      heldOut: z.int(),
      /** "reference" or, named `…-train`, "train". */
      scoredAgainst: z.enum(["reference", "train"]),
    }),
    /** Extractor id: name@sha256. */
    features: z.string(),
    featureDims: z.int(),
    /** The first line of the report: how equal the entries' training compute is. */
    match: z.string(),
    /** Below 128 px: smoke scale, for regressions, not for quality claims. */
    banner: z.string().nullable(),
    /** Who is ahead on what, and whether the difference exceeds its error: one plain sentence. */
    summary: z.string(),
    /** The run's actual total, shared stages once. */
    totals: z.strictObject({ trainFlops: z.number(), sampleFlops: z.number(), wallSeconds: z.number() }),
    entries: z.array(entry),
    /** Of every stage that took a step; absent where nothing trains. */
    curves: z.array(trainingCurve).optional(),
    /** What every entry was sampled again with; absent where none was. */
    comparison: z
      .strictObject({ calls: z.array(z.int()), guidance: z.array(z.number()), validationSamples: z.int() })
      .optional(),
  }),
  env: z.strictObject({
    /** Buckets only (CPU model, cores, backend, precision, threads): throughput is comparable where equal. */
    fingerprint: sha256,
    cpu: z.string(),
    cores: z.int(),
    memoryBytes: z.int(),
    os: z.string(),
    node: z.string(),
    backend: z.string(),
    device: z.string(),
    precision: z.string(),
    threads: z.int(),
    git: z.string().nullable(),
  }),
  results: z.array(row),
  ledger: z.array(ledgerLine),
  comparisons: z.array(comparison),
  verdicts: z.array(verdict),
  /** The worst of the verdicts, or why there is none ("no gates", "no baseline"). */
  gate: z.strictObject({ status: z.enum(["passed", "failed", "unclear", "none"]), reason: z.string() }),
  warnings: z.array(z.string()),
});

export type Result = z.infer<typeof resultSchema>;
export type ResultRow = z.infer<typeof row>;
export type ResultEntry = z.infer<typeof entry>;
export type TrainingCurve = z.infer<typeof trainingCurve>;
export type LedgerLine = z.infer<typeof ledgerLine>;
export type Comparison = z.infer<typeof comparison>;
export type Verdict = z.infer<typeof verdict>;

/** The published JSON schema of `result.json` (draft 2020-12). */
export const resultJsonSchema = (): unknown => z.toJSONSchema(resultSchema);

/** `score`: an estimate with an error. `count`: made by counting, without error. `machine`: depends on the machine it was measured on. */
export type MetricKind = "score" | "count" | "machine";

const MACHINE_METRICS = new Set(["throughput", "latency", "wall-seconds", "peak-memory-bytes"]);
const COUNTED_METRICS = new Set(["nfe", "decoder-calls", "parameters"]);

export function metricKind(metric: string): MetricKind {
  if (MACHINE_METRICS.has(metric)) return "machine";
  return COUNTED_METRICS.has(metric) || /(^|-)(flops|macs)(-|$)/.test(metric) ? "count" : "score";
}

/** A score of a model's encoder: it tells nothing of samples, and its n counts none. */
export const isOfEncoder = (metric: string): boolean => metric === "knn-accuracy";

/**
 * The family of a metric id: `kid` for `kid`, `kid-efficientnet-lite0`, `kid-efficientnet-lite0-train`.
 * FID is the Fréchet distance on Inception, so its family is `fd`, and rFID's `rfd`. Ids without an extractor are their own.
 * @param features the run's extractor id, name@sha256
 */
export function metricFamily(metric: string, features: string): string {
  const plain = metric.endsWith("-train") ? metric.slice(0, -"-train".length) : metric;
  const extractor = `-${features.split("@")[0]}`;
  const family = plain.endsWith(extractor) ? plain.slice(0, -extractor.length) : plain;
  return family.replace(/^(r?)fid$/, "$1fd");
}

/** The families of all metrics, what the field reads first in front. */
export const METRIC_FAMILIES: readonly string[] = [
  "fd",
  "sfid",
  "fd-infinity",
  "kid",
  "is",
  "precision",
  "recall",
  "precision-float32",
  "recall-float32",
  "f-score",
  "density",
  "coverage",
  "vendi",
  "vendi-per-class",
  "class-accuracy",
  "memorisation",
  "rfd",
  "psnr",
  "ssim",
  "lpips-vgg",
  "lpips-alex",
  "lpips-squeeze",
  "knn-accuracy",
  "nfe",
  "decoder-calls",
  "macs-per-image",
  "sample-flops-per-image",
  "throughput",
  "latency",
  "parameters",
  "train-flops",
  "total-train-flops",
  "wall-seconds",
  "peak-memory-bytes",
];

const ABBREVIATIONS = new Map([
  ["kid", "KID"],
  ["is", "IS"],
  ["fd", "FD"],
  ["sfid", "sFID"],
  ["fd-infinity", "FD∞"],
  ["f-score", "F-score"],
  ["precision-float32", "precision (float32)"],
  ["recall-float32", "recall (float32)"],
  ["vendi", "Vendi score"],
  ["vendi-per-class", "Vendi score (mean over classes)"],
  ["rfd", "rFD"],
  ["psnr", "PSNR"],
  ["ssim", "SSIM"],
  ["lpips-vgg", "LPIPS (VGG16)"],
  ["lpips-alex", "LPIPS (AlexNet)"],
  ["lpips-squeeze", "LPIPS (SqueezeNet)"],
  ["knn-accuracy", "kNN accuracy"],
  ["nfe", "NFE"],
  // Told in whatever unit is read best.
  ["wall-seconds", "wall-clock"],
  ["peak-memory-bytes", "peak memory"],
]);

const spelledOut = (family: string): string =>
  family
    .replaceAll("-", " ")
    .replace(/\bmacs\b/, "MACs")
    .replace(/\bflops\b/, "FLOPs");

/** A metric's name in prose and table heads: "FID", "KID", "class accuracy", "FD (train)". */
export function metricLabel(metric: string, features: string): string {
  const family = metricFamily(metric, features);
  const fid = /^(r?)fid(-|$)/.exec(metric);
  const name = fid ? `${fid[1]}FID` : (ABBREVIATIONS.get(family) ?? spelledOut(family));
  return metric.endsWith("-train") ? `${name} (train)` : name;
}
