/** What a user may say about EPG. */
import { z } from "zod";
import { SIZES, type SizeName } from "./sizes.ts";

const sampler = z.union(
  [
    z.strictObject({
      kind: z.enum(["heun", "heunReleased", "euler", "eulerReleased"]),
      /** Noise levels above zero. */
      steps: z.int().min(2, "a sampler of many steps needs at least 2 (one call: oneStep())").max(10_000),
    }),
    z.strictObject({ kind: z.literal("oneStep") }),
  ],
  { error: "expected heun(n), heunReleased(n), euler(n), eulerReleased(n) or oneStep(), n ≥ 2" },
);

const guidance = z
  .strictObject({
    scale: z.number().min(0).max(100),
    /** Acts where low < σ ≤ high, unshifted. */
    low: z.number().min(0).default(0.19),
    high: z.number().positive().default(1.61),
  })
  .refine(({ low, high }) => low < high, { error: "the interval is empty: low must be below high" });

const learningRate = z.number().positive().max(1).nullable().default(null);
const steps = z.int().min(1).max(100_000_000).nullable().default(null);

const pretraining = z.strictObject({
  /** Part of the entry's training FLOPs; 0: no pre-training. */
  share: z.number().min(0).max(0.95).default(0.3),
  /** null: derived from the budget. */
  steps,
  learningRate,
  temperature: z.enum(["constant", "interpolated", "annealed"]).default("annealed"),
  /** Which weights fine-tuning starts from. */
  weights: z.enum(["online", "target"]).default("online"),
  /** The target's BatchNorm: "running" as released, or "batch"; null: the size's own. */
  targetBatchNorm: z.enum(["running", "batch"]).nullable().default(null),
});

const weights = z.union([
  z
    .string()
    .min(1)
    .transform((file) => ({ file, part: null })),
  z.strictObject({
    file: z.string().min(1),
    /** Of a file with several; null: the average where there is one. */
    part: z.enum(["ema", "online", "target"]).nullable().default(null),
  }),
]);

export const schema = z.strictObject({
  size: z.enum(Object.keys(SIZES) as [SizeName, ...SizeName[]]).default("tiny"),
  objective: z.enum(["diffusion", "consistency"]).default("diffusion"),
  /** null: heun(16) for diffusion, oneStep() for consistency. */
  sampler: sampler.nullable().default(null),
  guidance: guidance.nullable().default(null),
  /** Training batch; null: the size's own. The contrastive loss compares images, so at least 2. */
  batchSize: z
    .int()
    .min(2, "the contrastive loss needs at least 2 images a batch")
    .max(65_536)
    .nullable()
    .default(null),
  /** Of fine-tuning; null: the size's own. */
  learningRate,
  /** Of fine-tuning; null: derived from the budget. */
  steps,
  pretraining: pretraining.prefault({}),
  /** A checkpoint, relative to the config, that is sampled from in place of training: a file, or { file, part }. */
  weights: weights.nullable().default(null),
  /** Bounds of denoised images while sampling: each channel's valid range, or [−1, 1] as released. */
  clamp: z.enum(["range", "released"]).default("range"),
});

export type EpgOptions = z.infer<typeof schema>;
export type EpgInput = z.input<typeof schema>;
