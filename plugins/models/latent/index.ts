/** Latent diffusion, the baseline: an AutoencoderKL, then a DiT on its latents. */
import { z } from "zod";
import { UserError } from "../../../harness/errors.ts";
import type { Model, Task } from "../../../harness/plugin.ts";
import { downsamplingOf } from "./autoencoder.ts";
import { openCheckpoint, packed } from "./checkpoint.ts";
import { ditStage } from "./dit-stage.ts";
import { exported } from "./exported.ts";
import { recognise } from "./recognise.ts";
import { openReconstructor } from "./reconstructor.ts";
import { resampled } from "./resampled.ts";
import { openSampler, type SamplerSettings } from "./sampler.ts";
import { ditFor, isPublished, SIZE_NAMES, SIZES, type Size, type StageSize } from "./sizes.ts";
import { vaeStage } from "./vae-stage.ts";

/** A stage's own settings; what is not given is the size's. */
const stageSchema = z.strictObject({
  batchSize: z.int().min(1).optional(),
  learningRate: z.number().positive().optional(),
  /** null: as many as the budget pays for. */
  steps: z.int().min(1).nullable().default(null),
});

const schema = z.strictObject({
  size: z.enum(SIZE_NAMES).default("tiny"),
  sampler: z
    .strictObject({ kind: z.enum(["ddim", "ddpm"]), steps: z.int().min(1).max(1000) })
    .default({ kind: "ddim", steps: 50 }),
  /** Classifier-free guidance; scale 1 is none. Without it: 1.5 where there are classes. */
  guidance: z
    .strictObject({ scale: z.number().min(0).max(100), channels: z.int().min(1).max(4).optional() })
    .optional(),
  /** What latents are multiplied by: a number, or 1/σ of the training set's. Without it, the size's. */
  latentScale: z.union([z.literal("measured"), z.number().positive()]).optional(),
  /** Mirrors half of the training images. */
  flip: z.boolean().default(true),
  /** The autoencoder's part of the training FLOPs. */
  vaeShare: z.number().min(0.01).max(0.99).optional(),
  /** Decodes in overlapping tiles of that many pixels, for large images in little memory; null: all at once. */
  decoderTile: z.int().min(1).nullable().default(null),
  vae: stageSchema
    .extend({
      /** A discriminator beside L1 and KL, as in latent diffusion's kl-f8; null: none. */
      adversarial: z
        .strictObject({
          weight: z.number().positive().max(100).default(0.5),
          /** The first step in which it counts; null: 50,001 as published, or after a fifth of the steps where that is earlier. */
          start: z.int().min(0).nullable().default(null),
        })
        .nullable()
        .default(null),
    })
    .prefault({}),
  dit: stageSchema.prefault({}),
  /** What `export safetensors` wrote of such an entry, relative to the config: sampled from in place of training. */
  weights: z.string().min(1).nullable().default(null),
});

type Options = z.infer<typeof schema>;
/** What a config may say; the rest takes its default. */
export type LatentInput = z.input<typeof schema>;

function samplerSettings(options: Options, task: Task): SamplerSettings {
  const size: Size = SIZES[options.size];
  const scale = options.guidance?.scale ?? (task.classes > 0 ? 1.5 : 1);
  if (task.classes === 0 && scale !== 1)
    throw new UserError(
      `guidance.scale is ${scale}, but the model is unconditional: there is no label to guide by`,
      "use guidance scale 1, or data with classes",
    );
  const unit = 4 * downsamplingOf(size.autoencoder);
  if (options.decoderTile !== null && options.decoderTile % unit !== 0)
    throw new UserError(
      `decoderTile is ${options.decoderTile}: tiles overlap by a quarter, which must be whole latents`,
      `use a multiple of ${unit}, or null`,
    );
  return {
    autoencoder: size.autoencoder,
    dit: ditFor(options.size, task),
    tile: options.decoderTile,
    solver: options.sampler.kind,
    steps: options.sampler.steps,
    guidance: { scale, channels: options.guidance?.channels ?? size.guidedChannels },
  };
}

const UNCHANGED = { steps: null };
const STAGES = { vae: "vaeStage", dit: "ditStage" } as const;
type StageName = keyof typeof STAGES;

/** The size's settings of a stage with what the options say otherwise. */
function stageSettings(options: Options, stage: StageName) {
  const { batchSize, learningRate }: StageSize = SIZES[options.size][STAGES[stage]];
  const own = options[stage];
  return {
    batchSize: own.batchSize ?? batchSize,
    learningRate: { ...learningRate, peak: own.learningRate ?? learningRate.peak },
    steps: own.steps,
  };
}

/** "batch 4 and learning rate 0.001 for the VAE" */
function trainedWith(options: Options, stage: StageName): string {
  const { batchSize, learningRate } = stageSettings(options, stage);
  return `batch ${batchSize} and learning rate ${learningRate.peak} for the ${stage === "vae" ? "VAE" : "DiT"}`;
}

/** Images decoded at once where memory is what is short. */
const TILED_BATCH = 4;

const model: Model<Options> = {
  name: "latent",
  schema,
  stages(options, task) {
    if (options.weights !== null) return [];
    const size: Size = SIZES[options.size];
    const dit = ditFor(options.size, task);
    const vaeShare = options.vaeShare ?? size.vaeShare;
    const common = { autoencoder: size.autoencoder, resolution: task.resolution, flip: options.flip };
    return [
      vaeStage({
        ...common,
        ...stageSettings(options, "vae"),
        share: vaeShare,
        adversarial: options.vae.adversarial,
      }),
      ditStage({
        ...common,
        ...stageSettings(options, "dit"),
        share: 1 - vaeShare,
        dit,
        latentScale: options.latentScale ?? size.latentScale,
      }),
    ];
  },
  sampler: (options, task, weights, runtime, batchSize) =>
    openSampler(samplerSettings(options, task), weights, runtime, batchSize),
  samplingBatchSize: ({ decoderTile }) => (decoderTile === null ? 64 : TILED_BATCH),
  recognise,
  exported: ({ size }, task, batchSize) => exported(SIZES[size].autoencoder, ditFor(size, task), batchSize),
  resampled,
  stateDict: packed,
  pretrained({ size, weights }) {
    if (weights === null) return [];
    return (["VAE", "DiT"] as const).map((stage) => ({
      stage,
      file: weights,
      async open(path, task) {
        const title = `latent ${size} at ${task.resolution} px with ${task.classes} classes`;
        const { read, close } = await openCheckpoint(
          path,
          SIZES[size].autoencoder,
          ditFor(size, task),
          title,
        );
        return { part: "the averages", read: () => read(stage), close };
      },
    }));
  },
  reconstructor: (options, task, weights, runtime) =>
    openReconstructor(
      SIZES[options.size].autoencoder,
      task.resolution,
      weights,
      runtime,
      options.decoderTile === null ? 32 : TILED_BATCH,
      options.decoderTile,
    ),
  deviations(options, task) {
    const size: Size = SIZES[options.size];
    const { guidance } = samplerSettings(options, task);
    const scale = options.latentScale ?? size.latentScale;
    const found = [
      options.vae.adversarial === null
        ? "The autoencoder is trained by L1 and KL alone: no LPIPS, no adversarial loss."
        : "The autoencoder is trained by L1, KL and an adversarial loss, without LPIPS; it and the discriminator step at once, from the same reconstructions.",
      "The autoencoder's weights are averaged as the DiT's are; latent diffusion's kl-f8 keeps the last.",
      "Averages decay by min(0.9999, (1+s)/(10+s)), with a half-life of at most 5 % of the steps.",
    ];
    if (!isPublished(options.size))
      found.push(
        `Size "${options.size}" is smaller than any published; trained with ${trainedWith(options, "vae")}, ${trainedWith(options, "dit")}, with warm-up and cosine decay.`,
      );
    else
      for (const stage of ["vae", "dit"] as const)
        if (options[stage].batchSize !== undefined || options[stage].learningRate !== undefined)
          found.push(
            `Trained with ${trainedWith(options, stage)}; published: ${trainedWith({ ...options, [stage]: UNCHANGED }, stage)}.`,
          );
    if (scale === "measured") found.push("Latents are scaled by their measured 1/σ, not by 0.18215.");
    else if (scale !== 0.18215) found.push(`Latents are scaled by ${scale}, not by 0.18215.`);
    if (options.decoderTile !== null && options.decoderTile < task.resolution)
      found.push(
        `Images are decoded in tiles of ${options.decoderTile} px that overlap by a quarter: tones may differ between tiles.`,
      );
    if (guidance.scale !== 1 && guidance.channels !== 3)
      found.push(
        `Guidance acts on ${guidance.channels} of the latent's channels; the released DiT guides 3.`,
      );
    return found;
  },
};

export default model;
