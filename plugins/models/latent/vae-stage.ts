/** First stage: the autoencoder, by L1 and a light pull of the posterior towards N(0, 1), and a discriminator where asked. */
import { UserError } from "../../../harness/errors.ts";
import type { Stage } from "../../../harness/plugin.ts";
import {
  adamw,
  adamwInputs,
  microBatches,
  type Program,
  scalar,
  trace,
} from "../../../harness/program/index.ts";
import { type AutoencoderConfig, downsamplingOf } from "./autoencoder.ts";
import { SMALLEST_JUDGED } from "./discriminator.ts";
import { rowImages } from "./encoder.ts";
import {
  averageDecayAt,
  averagesOf,
  type LearningRate,
  learningRateAt,
  normalTensor,
  rowOrder,
} from "./training.ts";
import { LOSS_SCOPE, PERCEPTUAL_SCOPE, type VaeObjective, vaeLoss } from "./vae-loss.ts";

/** Adam's decay rates in latent diffusion's `autoencoder.py`. */
const BETAS = { beta1: 0.5, beta2: 0.9 };
/** The step from which `kl-f8` has its discriminator count. */
const PUBLISHED_START = 50_001;

const latentShape = (config: AutoencoderConfig, batch: number, resolution: number): number[] => {
  const side = resolution / downsamplingOf(config);
  return [batch, config.latentChannels, side, side];
};

/**
 * One step of AdamW on a batch, of the discriminator too where there is one. Inputs `images` [batch, 3, resolution,
 * resolution] and the posterior's `noise`; with a discriminator `adversarial`.
 * @param microBatch images that pass forward and back at once; it divides the batch, and is all of it with a discriminator
 */
export const vaeStep = (
  config: AutoencoderConfig,
  batch: number,
  resolution: number,
  objective: VaeObjective,
  microBatch = batch,
  recompute = false,
): Program =>
  trace(
    "vae-step",
    (p) => {
      const found = microBatches(p, batch, microBatch, (part) => {
        const images = part.input("images", [microBatch, 3, resolution, resolution]);
        const noise = part.input("noise", latentShape(config, microBatch, resolution));
        const { parts, loss, total } = vaeLoss(part, images, noise, config, objective);
        return { loss: total, terms: { loss, ...parts } };
      });
      for (const [name, value] of Object.entries(found.terms)) p.output(name, value);
      adamw(p, found.loss, { ...BETAS, weightDecay: 0, ema: true, gradients: found.gradients });
    },
    { recompute },
  );

interface Adversarial {
  /** Of the adversarial loss, beside its adaptive weight. */
  readonly weight: number;
  /** The first step in which it counts; null: that of kl-f8, or after a fifth of the training where that is earlier. */
  readonly start: number | null;
}

export interface VaeStageSettings {
  readonly autoencoder: AutoencoderConfig;
  readonly resolution: number;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly learningRate: LearningRate;
  /** Of the averages, in every step; null: `averageDecayAt`. */
  readonly averageDecay: number | null;
  readonly flip: boolean;
  /** LPIPS in the loss; its net is frozen. */
  readonly perceptual: VaeObjective["perceptual"];
  readonly adversarial: Adversarial | null;
  /** Blocks are computed anew in the backward pass. */
  readonly recompute: boolean;
  readonly steps: number | null;
  readonly share: number;
}

/** Names of what stands for LPIPS's two halves among the results of earlier stages. */
export const PERCEPTUAL_FILES = ["LPIPS trunk", "LPIPS linear layers"] as const;

export function vaeStage(settings: VaeStageSettings): Stage {
  const { autoencoder, resolution, batchSize, learningRate, averageDecay, flip, steps, share } = settings;
  const { perceptual, adversarial, microBatch, recompute } = settings;
  if (adversarial && microBatch < batchSize)
    throw new UserError(
      "microBatch: the discriminator's BatchNorm and the adaptive weight of vae.adversarial take all images of a batch together",
      "use recompute: true in its place, or leave vae.adversarial out",
    );
  if (adversarial && resolution < SMALLEST_JUDGED)
    throw new UserError(
      `vae.adversarial: its discriminator judges patches, and images of ${resolution} px are too small for one`,
      `use a resolution of at least ${SMALLEST_JUDGED}, or vae: { adversarial: null }`,
    );
  return {
    name: "VAE",
    after: perceptual ? PERCEPTUAL_FILES : [],
    program: vaeStep(
      autoencoder,
      batchSize,
      resolution,
      { perceptual, adversarialWeight: adversarial?.weight ?? null },
      microBatch,
      recompute,
    ),
    batchSize,
    steps,
    share,
    autoencoder: true,
    ...(adversarial && { forward: ["loss", "generator", "discriminator"] }),
    identity: { learningRate, averageDecay, flip, adversarial },
    start: ({ previous }) =>
      perceptual
        ? Object.fromEntries(
            PERCEPTUAL_FILES.flatMap((file) => Object.entries(previous[file]!)).map(([name, tensor]) => [
              PERCEPTUAL_SCOPE + name,
              tensor,
            ]),
          )
        : {},
    batches(context) {
      const order = rowOrder(context, flip);
      const start = adversarial?.start ?? Math.min(PUBLISHED_START, Math.ceil(context.steps / 5));
      return async (step) => {
        return {
          images: await rowImages(context.train, resolution, order(step)),
          noise: normalTensor(
            context.random.stream("posterior", step),
            latentShape(autoencoder, batchSize, resolution),
          ),
          ...(adversarial ? { adversarial: scalar(step < start ? 0 : 1) } : {}),
          ...adamwInputs({
            step,
            learningRate: learningRateAt(step, context.steps, learningRate),
            ...BETAS,
            emaDecay: averageDecay ?? averageDecayAt(step, context.steps),
          }),
        };
      };
    },
    result: (state) =>
      Object.fromEntries(Object.entries(averagesOf(state)).filter(([name]) => !name.startsWith(LOSS_SCOPE))),
  };
}
