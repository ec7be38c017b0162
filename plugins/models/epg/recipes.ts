/** How each stage trains: the released settings for the paper's sizes, scaled to any number of steps for the small ones. */
import type { Normalisation } from "./images.ts";
import type { EpgOptions } from "./options.ts";
import { averageDecay, type ConsistencyStages, type Drop, warmupCosine, warmupDrops } from "./schedules.ts";
import { isPublished, type SizeName } from "./sizes.ts";

/** A number of steps, or a part of the stage's. */
type Length = { readonly steps: number } | { readonly share: number };

const stepsOf = (length: Length, total: number): number =>
  "steps" in length ? length.steps : Math.max(1, Math.round(length.share * total));

export interface OptimiserRecipe {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly warmup: Length;
  /** What follows warm-up: half a cosine to 0 at the end, or drops at fixed steps. */
  readonly decay: "cosine" | readonly Drop[];
  /** Gradient norm kept below once warm-up is over; null: none. */
  readonly clip: number | null;
  /** Decay of the weight average, or the part of training within which it forgets half. */
  readonly average: { readonly decay: number } | { readonly halfLife: number };
}

export interface Recipe {
  readonly normalisation: Normalisation;
  readonly batchSize: number;
  readonly pretraining: OptimiserRecipe & { readonly targetBatchNorm: "running" | "batch" };
  readonly diffusion: OptimiserRecipe & {
    readonly logSigmaMean: number;
    readonly logSigmaDeviation: number;
    /** Of a level's squared error: one over the gap to the level below, or the same at all. */
    readonly lossWeight: "gap" | "none";
  };
  readonly consistency: OptimiserRecipe & {
    readonly dropout: number;
    readonly stageLength: Length;
    /** c of the adaptive weight at 256 px; the small sizes scale it with √(3HW). */
    readonly c: number;
  };
}

const WARMUP: Length = { steps: 10_000 };
/** "warmup-step" of the released configs (AMAP-ML/EPG `configs/imagenet256_consistency.py`, `rcm/gen_train_utils.py`). */
const RELEASED_DROPS: readonly Drop[] = [
  { after: 400_000, factor: 0.3 },
  { after: 500_000, factor: 0.08 },
];
const RELEASED_AVERAGE = { decay: 0.9999 };

const RELEASED: Recipe = {
  normalisation: "imagenet",
  batchSize: 1024,
  pretraining: {
    learningRate: 2e-4,
    beta1: 0.9,
    beta2: 0.95,
    weightDecay: 0.03,
    warmup: WARMUP,
    decay: "cosine",
    clip: null,
    average: { decay: 0.99 },
    targetBatchNorm: "running",
  },
  diffusion: {
    learningRate: 1e-4,
    beta1: 0.9,
    beta2: 0.999,
    weightDecay: 0.01,
    warmup: WARMUP,
    decay: "cosine",
    clip: 0.5,
    average: RELEASED_AVERAGE,
    logSigmaMean: -1.2,
    logSigmaDeviation: 1.6,
    lossWeight: "gap",
  },
  consistency: {
    learningRate: 1e-4,
    beta1: 0.9,
    beta2: 0.99,
    weightDecay: 0.03,
    warmup: WARMUP,
    decay: RELEASED_DROPS,
    clip: null,
    average: RELEASED_AVERAGE,
    dropout: 0.5,
    stageLength: { steps: 100_000 },
    c: 0.06,
  },
};

/**
 * For about a thousand steps. Without clipping, which makes every batch's gradient as long as the next and so
 * holds back those that tell most: after 250 steps it left twice the error.
 */
const SMALL_SCALE = {
  learningRate: 1.5e-3,
  beta2: 0.95,
  clip: null,
  warmup: { share: 0.05 },
  decay: "cosine",
} as const;
const SMALL_AVERAGE = { halfLife: 0.05 };

/** Weights of one over the gap, about σ^(−6/7), spend a short training on detail: layout is settled at high noise. */
const SMALL_DIFFUSION = { logSigmaMean: 0.4, lossWeight: "none" } as const;

const SMALL: Recipe = {
  normalisation: "simple",
  batchSize: 16,
  pretraining: { ...RELEASED.pretraining, ...SMALL_SCALE, targetBatchNorm: "batch" },
  diffusion: { ...RELEASED.diffusion, ...SMALL_SCALE, average: SMALL_AVERAGE, ...SMALL_DIFFUSION },
  consistency: {
    ...RELEASED.consistency,
    ...SMALL_SCALE,
    average: SMALL_AVERAGE,
    dropout: 0,
    stageLength: { share: 1 / 8 },
  },
};

export const recipeOf = (size: SizeName): Recipe => (isPublished(size) ? RELEASED : SMALL);

/** The size's recipe with what the options say otherwise. */
export function recipeFor({ size, learningRate, batchSize, pretraining }: EpgOptions): Recipe {
  const recipe = recipeOf(size);
  const tuned = learningRate === null ? {} : { learningRate };
  return {
    ...recipe,
    batchSize: batchSize ?? recipe.batchSize,
    pretraining: {
      ...recipe.pretraining,
      ...(pretraining.learningRate === null ? {} : { learningRate: pretraining.learningRate }),
      ...(pretraining.targetBatchNorm === null ? {} : { targetBatchNorm: pretraining.targetBatchNorm }),
    },
    diffusion: { ...recipe.diffusion, ...tuned },
    consistency: { ...recipe.consistency, ...tuned },
  };
}

/** The optimiser's numbers at a step of `total`. */
export function optimiserStep(recipe: OptimiserRecipe, step: number, total: number) {
  const warmup = stepsOf(recipe.warmup, total);
  const { average, beta1, beta2, clip, decay } = recipe;
  const factor = decay === "cosine" ? warmupCosine(step, warmup, total) : warmupDrops(step, warmup, decay);
  return {
    step,
    learningRate: recipe.learningRate * factor,
    beta1,
    beta2,
    emaDecay: "decay" in average ? average.decay : averageDecay(step, average.halfLife * total),
    ...(clip === null ? {} : { clip: step < warmup ? Number.POSITIVE_INFINITY : clip }),
  };
}

/** The stages of consistency tuning over `total` steps: δ = 1, all of one length. */
export function consistencyStages({ stageLength }: Recipe["consistency"], total: number): ConsistencyStages {
  const length = stepsOf(stageLength, total);
  return { first: 1, firstLength: length, length };
}
