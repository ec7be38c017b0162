/** Stage 1: self-supervised pre-training of the encoder. */
import type { BatchContext, Stage } from "../../../harness/plugin.ts";
import {
  adamw,
  adamwInputs,
  scalar,
  type Tensors,
  type Tracer,
  trace,
} from "../../../harness/program/index.ts";
import { karrasLevel, timeOf } from "../solvers/levels.ts";
import { column, drawImages, drawNoise, floats, imageOrder } from "./batches.ts";
import type { Level } from "./denoising.ts";
import { channelScales } from "./images.ts";
import { type ProjectorShape, updateRunningStatistics } from "./layers.ts";
import { pretrainingLoss } from "./losses.ts";
import type { NetworkShape } from "./network.ts";
import { optimiserStep, type Recipe } from "./recipes.ts";
import {
  annealedTemperature,
  curriculumLevels,
  interpolatedTemperature,
  resolutionShift,
} from "./schedules.ts";
import { FIRST_VIEW, SECOND_VIEW, ViewMaker } from "./views.ts";

export const PRETRAINING = "pre-training";

/** "constant": .1; "interpolated": linear in σ up to .2; "annealed": up to a maximum that falls from .2 to .1. */
type TemperatureSchedule = "constant" | "interpolated" | "annealed";

export interface PretrainingSettings {
  readonly shape: NetworkShape;
  readonly projector: ProjectorShape;
  readonly recipe: Recipe;
  readonly batchSize: number;
  /** Blocks are computed anew in the backward pass. */
  readonly recompute?: boolean;
  readonly steps: number | null;
  readonly share: number;
  readonly temperature: TemperatureSchedule;
  /** Which weights later stages start from. */
  readonly weights: "online" | "target";
}

const TARGET = "ema/";
const LOW_TEMPERATURE = 0.1;
const HIGH_TEMPERATURE = 0.2;

export const levelInputs = (p: Tracer, name: string, batch: number): Level => ({
  sigma: p.input(`${name}Sigma`, [batch]),
  time: p.input(`${name}Time`, [batch]),
});

/** Inputs of `levelInputs` for shifted levels. */
export function levelTensors(name: string, sigmas: readonly number[]): Tensors {
  return { [`${name}Sigma`]: column(sigmas), [`${name}Time`]: column(sigmas.map(timeOf)) };
}

/** One step of pre-training. The target network is the average that `adamw` keeps. */
function pretrainingProgram({ shape, projector, recipe, batchSize, recompute }: PretrainingSettings) {
  return trace(
    "epg.pretraining",
    (p) => {
      const image = (name: string) => p.input(name, [batchSize, 3, shape.resolution, shape.resolution]);
      const target = p.scope(TARGET, { trainable: false, copyOf: "" });
      const { loss, contrastive, consistency, statistics } = pretrainingLoss(
        p,
        target,
        shape,
        projector,
        recipe.pretraining.targetBatchNorm,
        {
          clean: image("clean"),
          view1: image("view1"),
          view2: image("view2"),
          noise: image("noise"),
          level: levelInputs(p, "level", batchSize),
          nextLevel: levelInputs(p, "nextLevel", batchSize),
          lastLevel: levelInputs(p, "lastLevel", batchSize),
          temperature: p.input("temperature", []),
        },
      );
      p.output("loss", loss);
      p.output("contrastive", contrastive);
      p.output("consistency", consistency);
      updateRunningStatistics(p, statistics, batchSize);
      adamw(p, loss, { ...recipe.pretraining, clip: recipe.pretraining.clip !== null, ema: true });
    },
    { recompute },
  );
}

function temperatureAt(schedule: TemperatureSchedule, sigma: number, step: number, total: number): number {
  if (schedule === "constant") return LOW_TEMPERATURE;
  const high =
    schedule === "interpolated"
      ? HIGH_TEMPERATURE
      : annealedTemperature(step, total, HIGH_TEMPERATURE, LOW_TEMPERATURE);
  return interpolatedTemperature(sigma, LOW_TEMPERATURE, high);
}

function batches(settings: PretrainingSettings, context: BatchContext) {
  const { shape, recipe, temperature } = settings;
  const { random, train, batchSize, steps } = context;
  const side = shape.resolution;
  const size = 3 * side * side;
  const scales = channelScales(recipe.normalisation);
  const order = imageOrder(context);
  const maker = new ViewMaker(side, scales);
  const levels = (name: string, index: number, count: number): Tensors =>
    levelTensors(name, Array<number>(batchSize).fill(karrasLevel(index, count) * resolutionShift(side)));

  const view = (images: Uint8Array, step: number, which: 1 | 2) => {
    const out = new Float32Array(batchSize * size);
    for (let k = 0; k < batchSize; k++)
      maker.write(
        images.subarray(k * size, (k + 1) * size),
        which === 1 ? FIRST_VIEW : SECOND_VIEW,
        random.stream("view", step, k, which),
        out.subarray(k * size, (k + 1) * size),
      );
    return floats([batchSize, 3, side, side], out);
  };

  return async (step: number): Promise<Tensors> => {
    const images = await train.images(order(step));
    const count = curriculumLevels(step, steps);
    const index = random.stream("level", step).integer(count - 1);
    return {
      clean: drawImages(images, random, step, batchSize, side, scales),
      view1: view(images, step, 1),
      view2: view(images, step, 2),
      noise: drawNoise(random, step, batchSize, side),
      ...levels("level", index, count),
      ...levels("nextLevel", index + 1, count),
      ...levels("lastLevel", count - 1, count),
      temperature: scalar(temperatureAt(temperature, karrasLevel(index, count), step, steps)),
      ...adamwInputs(optimiserStep(recipe.pretraining, step, steps)),
    };
  };
}

export function pretrainingStage(settings: PretrainingSettings): Stage {
  const { recipe, batchSize, steps, share, temperature, weights } = settings;
  return {
    name: PRETRAINING,
    after: [],
    program: pretrainingProgram(settings),
    batchSize,
    steps,
    share,
    identity: {
      normalisation: recipe.normalisation,
      optimiser: recipe.pretraining,
      temperature,
      views: [FIRST_VIEW, SECOND_VIEW],
      weights,
    },
    start: () => ({}),
    batches: (context) => batches(settings, context),
    result: (state) => handOn(state, weights),
  };
}

/** Encoder, projector and the statistics that belong to them, under their published names. */
function handOn(state: Tensors, weights: "online" | "target"): Tensors {
  const names = Object.keys(state).filter((name) => !name.startsWith(TARGET) && !name.startsWith("adam."));
  return Object.fromEntries(names.map((name) => [name, state[weights === "target" ? TARGET + name : name]!]));
}
