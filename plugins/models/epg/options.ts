/** What a user may say about EPG. */
import { z } from "zod";
import { type SamplerChoice, samplerSchema } from "../solvers/choice.ts";
import { SIGMA_MAX, SIGMA_MIN } from "../solvers/levels.ts";
import { refuseTraining, weightsFile } from "../weights-option.ts";
import { guidanceSchema } from "./samplers/guidance.ts";
import { sizeNames } from "./sizes.ts";

const learningRate = z.number().positive().max(1).nullable().default(null);
const steps = z.int().min(1).max(100_000_000).nullable().default(null);

const pretraining = z
  .strictObject({
    /** Part of the entry's training FLOPs, .3 where nothing is said; 0: no pre-training. */
    share: z.number().min(0).max(0.95).optional(),
    /** null: derived from the budget. */
    steps,
    learningRate,
    /** "annealed" where nothing is said. */
    temperature: z.enum(["constant", "interpolated", "annealed"]).optional(),
    /** Which weights fine-tuning starts from; or the file of a pre-trained encoder, in place of pre-training. */
    weights: z.union([z.enum(["online", "target"]), weightsFile(["online", "target"])]).default("online"),
    /** The target's BatchNorm: "running" as released, or "batch"; null: the size's own. */
    targetBatchNorm: z.enum(["running", "batch"]).nullable().default(null),
  })
  .superRefine((settings, context) => {
    if (typeof settings.weights !== "string")
      refuseTraining(settings, ["share", "steps", "learningRate", "temperature", "targetBatchNorm"], context);
  })
  .transform(({ share, temperature, ...settings }) => ({
    ...settings,
    share: share ?? (typeof settings.weights === "string" ? 0.3 : 0),
    temperature: temperature ?? ("annealed" as const),
  }));

export const schema = z.strictObject({
  size: z.enum(sizeNames).default("tiny"),
  objective: z.enum(["diffusion", "consistency"]).default("diffusion"),
  /** null: heun(16) for diffusion, oneStep() for consistency. */
  sampler: samplerSchema.nullable().default(null),
  guidance: guidanceSchema.nullable().default(null),
  /** Training batch; null: the size's own. The contrastive loss compares images, so at least 2. */
  batchSize: z
    .int()
    .min(2, "the contrastive loss needs at least 2 images a batch")
    .max(65_536)
    .nullable()
    .default(null),
  /**
   * Images of a batch that pass forward and back at once, gradients added over the parts of a batch; null: all of them.
   * Of a diffusion alone: the contrastive losses of the other stages compare all images of a batch.
   */
  microBatch: z.int().min(1).max(65_536).nullable().default(null),
  /**
   * Computes blocks anew in the backward pass in place of keeping what they compute: less memory, one more forward pass of
   * them, the same results.
   */
  recompute: z.boolean().default(false),
  /** Of fine-tuning; null: the size's own. */
  learningRate,
  /** Of fine-tuning; null: derived from the budget. */
  steps,
  /**
   * Of a noise level's squared error in diffusion fine-tuning: one over the gap to the level below, about σ^(−6/7), as
   * released; or none, with which a short training settles layout before detail.
   */
  lossWeight: z.enum(["gap", "none"]).default("gap"),
  pretraining: pretraining.prefault({}),
  /** A checkpoint that is sampled from in place of training. */
  weights: weightsFile(["ema", "online", "target"]).nullable().default(null),
  /** Bounds of denoised images while sampling: each channel's valid range, or [−1, 1] as released. */
  clamp: z.enum(["range", "released"]).default("range"),
});

export type EpgOptions = z.infer<typeof schema>;
export type EpgInput = z.input<typeof schema>;

/** The file of the encoder that fine-tuning starts from; null: it is pre-trained here, or not at all. */
export const encoderFile = ({ pretraining }: EpgOptions) =>
  typeof pretraining.weights === "string" ? null : pretraining.weights;

/** What a config that names none means. */
export const samplerChoice = ({ sampler, objective }: EpgOptions): SamplerChoice =>
  sampler ??
  (objective === "diffusion"
    ? { kind: "heun", steps: 16, sigmaMin: SIGMA_MIN, sigmaMax: SIGMA_MAX }
    : { kind: "oneStep" });
