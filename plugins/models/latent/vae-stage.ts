/** First stage: the autoencoder, by L1 and a light pull of the posterior towards N(0, 1). */
import type { Stage } from "../../../harness/plugin.ts";
import {
  abs,
  adamw,
  adamwInputs,
  add,
  mean,
  mul,
  type Program,
  sub,
  sum,
  trace,
  type Value,
} from "../../../harness/program/index.ts";
import {
  type AutoencoderConfig,
  decode,
  divergenceFromNormal,
  downsamplingOf,
  encode,
  posteriorOf,
  samplePosterior,
} from "./autoencoder.ts";
import { toNetwork } from "./images.ts";
import {
  averageDecayAt,
  averagesOf,
  batchOrder,
  type LearningRate,
  learningRateAt,
  normalTensor,
} from "./training.ts";

/** Weight of the divergence in latent diffusion's `kl-f8`. */
const KL_WEIGHT = 1e-6;
/** Adam's decay rates in latent diffusion's `autoencoder.py`. */
const BETAS = { beta1: 0.5, beta2: 0.9 };

export interface VaeLoss {
  readonly l1: Value;
  readonly kl: Value;
  readonly loss: Value;
}

/** Batch means of Σ|x − x̂| and of the divergence, each summed over an image; loss = l1 + 1e-6·kl. */
export function vaeLoss(
  p: Parameters<typeof encode>[0],
  images: Value,
  noise: Value,
  config: AutoencoderConfig,
): VaeLoss {
  const posterior = posteriorOf(encode(p, images, config));
  const reconstruction = decode(p, samplePosterior(posterior, noise), config);
  const l1 = mean(sum(abs(sub(images, reconstruction)), [1, 2, 3]));
  const kl = mean(divergenceFromNormal(posterior));
  return { l1, kl, loss: add(l1, mul(kl, KL_WEIGHT)) };
}

const latentShape = (config: AutoencoderConfig, batch: number, resolution: number): number[] => {
  const side = resolution / downsamplingOf(config);
  return [batch, config.latentChannels, side, side];
};

/** One step of AdamW on a batch. Inputs `images` [batch, 3, resolution, resolution] and the posterior's `noise`. */
export const vaeStep = (config: AutoencoderConfig, batch: number, resolution: number): Program =>
  trace("vae-step", (p) => {
    const images = p.input("images", [batch, 3, resolution, resolution]);
    const noise = p.input("noise", latentShape(config, batch, resolution));
    const { l1, kl, loss } = vaeLoss(p, images, noise, config);
    p.output("loss", loss);
    p.output("l1", l1);
    p.output("kl", kl);
    adamw(p, loss, { ...BETAS, weightDecay: 0, ema: true });
  });

export interface VaeStageSettings {
  readonly autoencoder: AutoencoderConfig;
  readonly resolution: number;
  readonly batchSize: number;
  readonly learningRate: LearningRate;
  readonly flip: boolean;
  readonly steps: number | null;
  readonly share: number;
}

export function vaeStage(settings: VaeStageSettings): Stage {
  const { autoencoder, resolution, batchSize, learningRate, flip, steps, share } = settings;
  return {
    name: "VAE",
    after: [],
    program: vaeStep(autoencoder, batchSize, resolution),
    batchSize,
    steps,
    share,
    autoencoder: true,
    identity: { learningRate, flip },
    start: () => ({}),
    batches(context) {
      const order = batchOrder(context);
      return async (step) => {
        const coins = context.random.stream("flip", step);
        const pixels = await context.train.images(order(step));
        return {
          images: toNetwork(pixels, resolution, () => flip && coins.uniform() < 0.5),
          noise: normalTensor(
            context.random.stream("posterior", step),
            latentShape(autoencoder, batchSize, resolution),
          ),
          ...adamwInputs({
            step,
            learningRate: learningRateAt(step, context.steps, learningRate),
            ...BETAS,
            emaDecay: averageDecayAt(step, context.steps),
          }),
        };
      };
    },
    result: averagesOf,
  };
}
