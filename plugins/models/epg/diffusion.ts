/** Stage 2a: fine-tuning as a diffusion model. */
import type { BatchContext, Stage } from "../../../harness/plugin.ts";
import {
  adamw,
  adamwInputs,
  microBatches,
  type Tensors,
  type Tracer,
  trace,
  type Value,
} from "../../../harness/program/index.ts";
import { karrasLevel } from "../solvers/levels.ts";
import { column, drawImages, drawLabels, drawNoise, imageOrder } from "./batches.ts";
import { channelScales } from "./images.ts";
import { denoisingLoss } from "./losses.ts";
import type { NetworkShape } from "./network.ts";
import { levelInputs, levelTensors, PRETRAINING } from "./pretraining.ts";
import { optimiserStep, type Recipe } from "./recipes.ts";
import { nearestLevel, resolutionShift } from "./schedules.ts";

export interface FineTuningSettings {
  /** The stage's. */
  readonly name: string;
  readonly shape: NetworkShape;
  readonly recipe: Recipe;
  readonly batchSize: number;
  /** Images that pass forward and back at once; it divides the batch. */
  readonly microBatch?: number;
  /** Blocks are computed anew in the backward pass. */
  readonly recompute?: boolean;
  readonly steps: number | null;
  readonly share: number;
  /** Whether an encoder was pre-trained for it. */
  readonly pretrained: boolean;
}

/** Grid that training levels are snapped to. */
const LEVELS = 1280;
const LABEL_DROPOUT = 0.1;

function diffusionProgram({
  shape,
  recipe,
  batchSize,
  microBatch = batchSize,
  recompute,
}: FineTuningSettings) {
  return trace(
    "epg.diffusion",
    (p) => {
      const { loss, gradients } = microBatches(p, batchSize, microBatch, (part) => ({
        loss: lossOf(part, shape, microBatch),
      }));
      p.output("loss", loss);
      adamw(p, loss, { ...recipe.diffusion, clip: recipe.diffusion.clip !== null, ema: true, gradients });
    },
    { recompute },
  );
}

function lossOf(p: Tracer, shape: NetworkShape, batch: number): Value {
  const image = (name: string) => p.input(name, [batch, 3, shape.resolution, shape.resolution]);
  const inputs = {
    x0: image("x0"),
    noise: image("noise"),
    level: levelInputs(p, "level", batch),
    labels: p.input("labels", [batch], "int32"),
  };
  return denoisingLoss(p, shape, inputs, p.input("weight", [batch])).loss;
}

/** A level of the grid for a sampled σ: its shifted value and the loss weight 1/(σ_i − σ_{i+1}), unshifted. */
export function snap(sigma: number, resolution: number): { index: number; sigma: number; weight: number } {
  const index = nearestLevel(sigma, LEVELS);
  const level = karrasLevel(index, LEVELS);
  return {
    index,
    sigma: level * resolutionShift(resolution),
    weight: 1 / (level - karrasLevel(index + 1, LEVELS)),
  };
}

function batches({ shape, recipe }: FineTuningSettings, context: BatchContext) {
  const { random, train, batchSize, steps, task } = context;
  const { logSigmaMean, logSigmaDeviation, lossWeight } = recipe.diffusion;
  const side = shape.resolution;
  const scales = channelScales(recipe.normalisation);
  const order = imageOrder(context);
  return async (step: number): Promise<Tensors> => {
    const indices = order(step);
    const images = await train.images(indices);
    const levels = indices.map((_, k) => {
      const normal = random.stream("level", step, k).normal();
      return snap(Math.exp(logSigmaMean + logSigmaDeviation * normal), side);
    });
    return {
      x0: drawImages(images, random, step, batchSize, side, scales),
      noise: drawNoise(random, step, batchSize, side),
      labels: drawLabels(train, indices, random, step, task.classes, LABEL_DROPOUT),
      ...levelTensors(
        "level",
        levels.map(({ sigma }) => sigma),
      ),
      weight: column(levels.map(({ weight }) => (lossWeight === "gap" ? weight : 1))),
      ...adamwInputs(optimiserStep(recipe.diffusion, step, steps)),
    };
  };
}

export function diffusionStage(settings: FineTuningSettings): Stage {
  const { name, recipe, batchSize, steps, share, pretrained } = settings;
  return {
    name,
    after: pretrained ? [PRETRAINING] : [],
    program: diffusionProgram(settings),
    batchSize,
    steps,
    share,
    identity: {
      normalisation: recipe.normalisation,
      optimiser: recipe.diffusion,
      labelDropout: LABEL_DROPOUT,
    },
    start: ({ previous }) => encoderOf(previous[PRETRAINING] ?? {}),
    batches: (context) => batches(settings, context),
    result: averaged,
  };
}

/** What pre-training hands to fine-tuning: all but the projector. */
export const encoderOf = (pretrained: Tensors): Tensors =>
  Object.fromEntries(Object.entries(pretrained).filter(([name]) => !name.startsWith("projection_head.")));

/** The averaged weights, under their published names. */
export const averaged = (state: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith("ema/"))
      .map(([name, tensor]) => [name.slice("ema/".length), tensor]),
  );
