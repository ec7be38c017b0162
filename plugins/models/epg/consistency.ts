/** Stage 2b: fine-tuning as a consistency model. */
import type { BatchContext, Stage } from "../../../harness/plugin.ts";
import {
  adamw,
  adamwInputs,
  scalar,
  type Tensor,
  type Tensors,
  type Tracer,
  trace,
} from "../../../harness/program/index.ts";
import type { Stream } from "../../../harness/random/index.ts";
import { SIGMA_MIN } from "../solvers/levels.ts";
import { column, drawImages, drawLabels, drawNoise, floats, imageOrder } from "./batches.ts";
import { cleanLevel } from "./denoising.ts";
import { averaged, encoderOf, type FineTuningSettings } from "./diffusion.ts";
import { channelScales } from "./images.ts";
import type { ProjectorShape } from "./layers.ts";
import { consistencyLoss, type Judge } from "./losses.ts";
import { type NetworkShape, sequenceLength } from "./network.ts";
import { levelInputs, levelTensors, PRETRAINING } from "./pretraining.ts";
import { consistencyStages, optimiserStep } from "./recipes.ts";
import { consistencyLevel, consistencyStage, resolutionShift } from "./schedules.ts";
import { isPublished, type SizeName } from "./sizes.ts";

export interface ConsistencySettings extends FineTuningSettings {
  readonly size: SizeName;
  readonly projector: ProjectorShape;
}

const FROZEN = "frozen/";
const LOG_T_MEAN = -0.4;
const LOG_T_DEVIATION = 1.6;
const PUBLISHED_RESOLUTION = 256;

/** c is a distance over all 3·H·W values: absolute in the paper's configs, to scale in the small ones. */
const adaptiveConstant = ({ size, shape, recipe }: ConsistencySettings): number =>
  recipe.consistency.c * (isPublished(size) ? 1 : shape.resolution / PUBLISHED_RESOLUTION);

/** The pre-trained encoder and projector as states of `p` under `prefix`, looking at σ_min. */
export function frozenJudge(
  p: Tracer,
  prefix: string,
  shape: NetworkShape,
  projector: ProjectorShape,
  batch: number,
): Judge {
  return {
    p: p.scope(prefix, { trainable: false }),
    shape,
    projector,
    level: cleanLevel(shape.resolution, batch),
  };
}

const maskShape = (shape: NetworkShape, batch: number): number[] => [
  shape.decoderDepth,
  batch,
  sequenceLength(shape),
  shape.decoderWidth,
];

function consistencyProgram(settings: ConsistencySettings) {
  const { shape, projector, recipe, batchSize, pretrained, recompute } = settings;
  const { dropout } = recipe.consistency;
  return trace(
    "epg.consistency",
    (p) => {
      const image = (name: string) => p.input(name, [batchSize, 3, shape.resolution, shape.resolution]);
      const judge = pretrained ? frozenJudge(p, FROZEN, shape, projector, batchSize) : null;
      const { loss, distance, contrastive } = consistencyLoss(
        p,
        p,
        shape,
        judge,
        adaptiveConstant(settings),
        {
          x0: image("x0"),
          noise: image("noise"),
          labels: p.input("labels", [batchSize], "int32"),
          from: levelInputs(p, "from", batchSize),
          to: levelInputs(p, "to", batchSize),
          weight: p.input("weight", [batchSize]),
          teaching: p.input("teaching", []),
          ...(dropout > 0 ? { dropout: p.input("dropout", maskShape(shape, batchSize)) } : {}),
        },
      );
      p.output("loss", loss);
      p.output("distance", distance);
      if (contrastive) p.output("contrastive", contrastive);
      adamw(p, loss, { ...recipe.consistency, clip: recipe.consistency.clip !== null, ema: true });
    },
    { recompute },
  );
}

/** 0 or 1/(1 − rate), a stream an image: each image's mask is the same whatever the batch. */
function drawMask(random: Stream, step: number, shape: readonly number[], rate: number): Tensor {
  const [blocks, batch, tokens, width] = shape as readonly [number, number, number, number];
  const size = tokens * width;
  const mask = new Float32Array(blocks * batch * size);
  for (let block = 0; block < blocks; block++)
    for (let k = 0; k < batch; k++) {
      const part = mask.subarray((block * batch + k) * size, (block * batch + k + 1) * size);
      random.stream("dropout", step, k, block).fillUniform(part);
      for (let i = 0; i < size; i++) part[i] = part[i]! < rate ? 0 : 1 / (1 - rate);
    }
  return floats(shape, mask);
}

function batches({ shape, recipe }: ConsistencySettings, context: BatchContext) {
  const { random, train, batchSize, steps, task } = context;
  const { dropout } = recipe.consistency;
  const side = shape.resolution;
  const shift = resolutionShift(side);
  const scales = channelScales(recipe.normalisation);
  const order = imageOrder(context);
  const stages = consistencyStages(recipe.consistency, steps);
  return async (step: number): Promise<Tensors> => {
    const indices = order(step);
    const images = await train.images(indices);
    const stage = consistencyStage(step, stages);
    const from = indices.map((_, k) => {
      const normal = random.stream("level", step, k).normal();
      return Math.max(Math.exp(LOG_T_MEAN + LOG_T_DEVIATION * normal), SIGMA_MIN);
    });
    const to = from.map((t) => consistencyLevel(t, stage));
    return {
      x0: drawImages(images, random, step, batchSize, side, scales),
      noise: drawNoise(random, step, batchSize, side),
      labels: drawLabels(train, indices, random, step, task.classes, 0),
      ...levelTensors(
        "from",
        from.map((t) => t * shift),
      ),
      ...levelTensors(
        "to",
        to.map((r) => r * shift),
      ),
      weight: column(from.map((t, k) => (t === to[k] ? 0 : 1 / ((t - to[k]!) * shift)))),
      teaching: scalar(stage === 0 ? 0 : 1),
      ...(dropout > 0 ? { dropout: drawMask(random, step, maskShape(shape, batchSize), dropout) } : {}),
      ...adamwInputs(optimiserStep(recipe.consistency, step, steps)),
    };
  };
}

export function consistencyTuningStage(settings: ConsistencySettings): Stage {
  const { name, recipe, batchSize, steps, share, pretrained } = settings;
  return {
    name,
    after: pretrained ? [PRETRAINING] : [],
    program: consistencyProgram(settings),
    batchSize,
    steps,
    share,
    identity: { normalisation: recipe.normalisation, optimiser: recipe.consistency },
    start: ({ previous }) => start(previous[PRETRAINING] ?? {}),
    batches: (context) => batches(settings, context),
    result: averaged,
  };
}

/** The encoder to train on, and it with its projector once more, frozen. */
const start = (pretrained: Tensors): Tensors => ({
  ...encoderOf(pretrained),
  ...Object.fromEntries(Object.entries(pretrained).map(([name, tensor]) => [FROZEN + name, tensor])),
});
