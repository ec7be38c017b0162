/** Noise levels and everything that changes over training: pure functions of numbers. */
import { karrasLevel, RHO, SIGMA_MAX, SIGMA_MIN } from "../solvers/levels.ts";

export const SIGMA_DATA = 0.5;

/** Index of the level nearest to sigma, in a grid of `count`. */
export function nearestLevel(sigma: number, count: number): number {
  const [first, last] = [SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)];
  const position = ((sigma ** (1 / RHO) - first) / (last - first)) * (count - 1);
  const below = Math.min(count - 1, Math.max(0, Math.floor(position)));
  const above = Math.min(count - 1, below + 1);
  const distance = (index: number): number => Math.abs(karrasLevel(index, count) - sigma);
  return distance(above) < distance(below) ? above : below;
}

/** Every σ that meets an image of side H is multiplied by H/64. */
export const resolutionShift = (resolution: number): number => resolution / 64;

/** The time given to the network, 250·ln σ, of the shifted σ. */
export const timeOf = (shiftedSigma: number): number => 250 * Math.log(shiftedSigma);

const CURRICULUM_START = 20;
const CURRICULUM_END = 1280;

/** N(s), noise levels in step s of T of pre-training: doubling from 20 to 1280, plus one. */
export function curriculumLevels(step: number, total: number): number {
  const doublings = Math.log2(Math.ceil(CURRICULUM_END / CURRICULUM_START) + 1);
  const period = Math.ceil(total / doublings);
  return Math.min(CURRICULUM_START * 2 ** Math.ceil(step / period), CURRICULUM_END) + 1;
}

/** τ(σ), linear in the unshifted σ from low at σ_min to high at σ_max. */
export const interpolatedTemperature = (sigma: number, low: number, high: number): number =>
  ((sigma - SIGMA_MIN) * high + (SIGMA_MAX - sigma) * low) / (SIGMA_MAX - SIGMA_MIN);

/** end·cos(π/2·(1.5s/T + 1)) + start while 1.5s/T ≤ 1, then end. */
export function annealedTemperature(step: number, total: number, start: number, end: number): number {
  const progress = (1.5 * step) / total;
  return progress <= 1 ? end * Math.cos((Math.PI / 2) * (progress + 1)) + start : end;
}

/** Linear from 0 over `warmup` steps, then a half cosine to 0 at `total`: the factor of the learning rate. */
export function warmupCosine(step: number, warmup: number, total: number): number {
  if (step < warmup) return step / warmup;
  return 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, total - warmup)));
}

export interface Drop {
  /** The last step before it. */
  readonly after: number;
  /** Of the learning rate, from then on. */
  readonly factor: number;
}

/** Linear from 0 over `warmup` steps, then 1 until the first of the drops, which follow each other: the factor of the learning rate. */
export const warmupDrops = (step: number, warmup: number, drops: readonly Drop[]): number =>
  step < warmup ? step / warmup : (drops.findLast(({ after }) => step > after)?.factor ?? 1);

export interface ConsistencyStages {
  /** δ, the first stage. */
  readonly first: number;
  /** d₀ and d₁: steps of the first stage and of each later one. */
  readonly firstLength: number;
  readonly length: number;
}

/** s = δ if step < d₀, else ⌊(step − (d₀ − d₁))/d₁⌋ + δ (easy consistency tuning, arXiv:2406.14548). */
export const consistencyStage = (step: number, { first, firstLength, length }: ConsistencyStages): number =>
  step < firstLength ? first : Math.floor((step - (firstLength - length)) / length) + first;

/** r = max(t·(1 − (1 + 8·sigmoid(−t))/2^s), σ_min), unshifted. */
export const consistencyLevel = (t: number, stage: number): number =>
  Math.max(t * (1 - (1 + 8 / (1 + Math.exp(t))) / 2 ** stage), SIGMA_MIN);

/** The decay whose average forgets half within `halfLife` steps, and never more than (1 + s)/(10 + s). */
export const averageDecay = (step: number, halfLife: number): number =>
  Math.min(0.5 ** (1 / halfLife), (1 + step) / (10 + step));
