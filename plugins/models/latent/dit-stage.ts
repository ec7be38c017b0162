/** Second stage: a DiT, or a SiT, on the frozen autoencoder's latents. */
import type { Stage } from "../../../harness/plugin.ts";
import {
  adamw,
  adamwInputs,
  cast,
  mean,
  microBatches,
  mul,
  ones,
  type PartLoss,
  type Program,
  scalar,
  type Tensor,
  type Tracer,
  trace,
  type Value,
} from "../../../harness/program/index.ts";
import type { Stream } from "../../../harness/random/index.ts";
import { type Objective, titleOf } from "../solvers/latent/objective.ts";
import { TRAINING_STEPS } from "../solvers/latent/schedule.ts";
import { type AutoencoderConfig, samplePosterior } from "./autoencoder.ts";
import { addNoise, diffusionLoss } from "./diffusion-loss.ts";
import { type DitConfig, dit } from "./dit.ts";
import { encodedLatents } from "./encoded-latents.ts";
import { flowLoss, onPath } from "./flow-loss.ts";
import { cachedLatents, givenPosterior } from "./latent-cache.ts";
import type { LatentSource, Latents } from "./latent-source.ts";
import {
  averageDecayAt,
  averagesOf,
  int32Tensor,
  type LearningRate,
  learningRateAt,
  normalTensor,
  rowOrder,
} from "./training.ts";

/** PyTorch's defaults, which DiT trains with. */
const BETAS = { beta1: 0.9, beta2: 0.999 };
/** Probability of training an image without its label, so that the null label is learned. */
const LABEL_DROP = 0.1;

type TracedLoss = (p: Tracer, config: DitConfig, start: Value, noise: Value, labels: Value) => PartLoss;

/** Each with the input `t` [batch]. */
const LOSSES: Readonly<Record<Objective, TracedLoss>> = {
  diffusion(p, config, start, noise, labels) {
    const t = p.input("t", labels.shape, "int32");
    const noisy = addNoise(start, noise, t);
    const output = dit(p, noisy, cast(t, "float32"), labels, config);
    const { squaredError, variationalBound, total } = diffusionLoss(output, start, noisy, noise, t);
    const bound = variationalBound ? { variationalBound: mean(variationalBound) } : {};
    return { loss: mean(total), terms: { squaredError: mean(squaredError), ...bound } };
  },
  flow(p, config, start, noise, labels) {
    const t = p.input("t", labels.shape);
    const output = dit(p, onPath(start, noise, t), t, labels, config);
    return { loss: mean(flowLoss(output, start, noise)) };
  },
};

/** What `t` is drawn from: the training steps, or [0, 1). */
const drawTimes = (objective: Objective, random: Stream, count: number): Tensor =>
  objective === "diffusion"
    ? int32Tensor(Array.from({ length: count }, () => random.integer(TRAINING_STEPS)))
    : {
        dtype: "float32",
        shape: [count],
        data: Float32Array.from({ length: count }, () => random.uniform()),
      };

/**
 * One step of AdamW. Inputs: those of the posteriors, the `posteriorNoise` that samples them, `noise`, times `t`,
 * `labels`, and `latentScale`, which is kept as a state: samplers divide by it.
 * @param microBatch images that pass forward and back at once; it divides the batch
 */
export const ditStep = (
  config: DitConfig,
  batch: number,
  objective: Objective = "diffusion",
  posterior: LatentSource["posterior"] = givenPosterior,
  microBatch = batch,
  recompute = false,
): Program =>
  trace(
    `${titleOf(objective).toLowerCase()}-step`,
    (p) => {
      const shape = [microBatch, config.latentChannels, config.side, config.side];
      const scale = p.input("latentScale", []);
      const { loss, terms, gradients } = microBatches(p, batch, microBatch, (part) => {
        const drawn = samplePosterior(
          posterior(part, microBatch, config),
          part.input("posteriorNoise", shape),
        );
        const labels = part.input("labels", [microBatch], "int32");
        return LOSSES[objective](part, config, mul(drawn, scale), part.input("noise", shape), labels);
      });
      p.output("loss", loss);
      for (const [name, value] of Object.entries(terms)) p.output(name, value);
      adamw(p, loss, { ...BETAS, weightDecay: 0, ema: true, gradients });
      p.state("latent_scale", [], ones);
      p.update("latent_scale", scale);
    },
    { recompute },
  );

export interface DitStageSettings {
  readonly autoencoder: AutoencoderConfig;
  readonly dit: DitConfig;
  readonly objective: Objective;
  readonly resolution: number;
  readonly batchSize: number;
  readonly microBatch: number;
  readonly learningRate: LearningRate;
  /** Of the averages, in every step; null: `averageDecayAt`. */
  readonly averageDecay: number | null;
  readonly flip: boolean;
  readonly latents: Latents;
  /** A number, or 1/σ of the training set's latents. */
  readonly latentScale: number | "measured";
  /** Blocks are computed anew in the backward pass. */
  readonly recompute: boolean;
  readonly steps: number | null;
  readonly share: number;
}

export function ditStage(settings: DitStageSettings): Stage {
  const {
    autoencoder,
    dit: config,
    objective,
    resolution,
    batchSize,
    microBatch,
    learningRate,
    averageDecay,
    flip,
    latents,
    latentScale,
    recompute,
    steps,
    share,
  } = settings;
  const measures = latentScale === "measured";
  const encoding = { autoencoder, resolution, flip };
  const source =
    latents === "cached" ? cachedLatents(encoding) : encodedLatents(encoding, batchSize, measures);
  const { prepare, preparationCost } = source;
  return {
    name: titleOf(objective),
    after: ["VAE"],
    program: ditStep(config, batchSize, objective, source.posterior, microBatch, recompute),
    ...(source.encoding && { encoding: source.encoding }),
    batchSize,
    steps,
    share,
    identity: { learningRate, averageDecay, flip, latentScale },
    ...(prepare && { prepare: (context) => prepare(context, rowOrder(context, flip)(0)) }),
    ...(preparationCost && { preparationCost }),
    start: source.start,
    batches(context, prepared) {
      const { train, random } = context;
      const order = rowOrder(context, flip);
      const shape = [batchSize, config.latentChannels, config.side, config.side];
      const scale = latentScale === "measured" ? prepared.scale!.data[0]! : latentScale;
      return async (step) => {
        const rows = order(step);
        const drops = random.stream("label-drop", step);
        const labelOf = (image: number): number =>
          drops.uniform() < LABEL_DROP || config.classes === 0 ? config.classes : train.label(image);
        return {
          ...(await source.inputs(context, prepared, rows)),
          latentScale: scalar(scale),
          posteriorNoise: normalTensor(random.stream("posterior", step), shape),
          noise: normalTensor(random.stream("noise", step), shape),
          t: drawTimes(objective, random.stream("t", step), batchSize),
          labels: int32Tensor(rows.map((row) => labelOf(row % train.length))),
          ...adamwInputs({
            step,
            learningRate: learningRateAt(step, context.steps, learningRate),
            ...BETAS,
            emaDecay: averageDecay ?? averageDecayAt(step, context.steps),
          }),
        };
      };
    },
    result: (state) => ({
      ...averagesOf(state),
      pos_embed: state.pos_embed!,
      latent_scale: state.latent_scale!,
    }),
  };
}
