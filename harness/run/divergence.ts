/**
 * When training has come apart, long before its loss is no longer a number. A loss is smoothed by its geometric mean, in
 * which one bad batch weighs little: the mean of ln ℓ over the first twenty steps, then ln ℓ̄ ← 0.95·ln ℓ̄ + 0.05·ln ℓ.
 */
import { Diverged } from "./jobs.ts";

/** Steps that a smoothed loss is the mean of. */
const WINDOW = 20;
/** It has no lowest before so many: a first batch may be easy by chance, yet a rate far too high tells within the window. */
const FEWEST = 5;
/** A smoothed loss so many times its lowest (in the default run's stages, and in runs of up to 4,200 steps, it rises to 1.4 times at most) … */
const RISE = 10;
/** … for so many steps in a row is not noise. */
const PATIENCE = 50;

const FIX = "set a lower learning rate, or clip the gradient";

/** What the guard remembers from step to step; plain, so that a checkpoint holds it. */
export interface Course {
  /** Steps followed. */
  readonly steps: number;
  /** ln of the smoothed loss. */
  readonly smoothed: number;
  readonly lowest: { readonly step: number; readonly smoothed: number } | null;
  /** Steps in a row far above the lowest. */
  readonly above: number;
}

const BEGUN: Course = { steps: 0, smoothed: 0, lowest: null, above: 0 };

export interface StepTaken {
  /** From 1. */
  readonly step: number;
  readonly loss: number;
  /** Before clipping; undefined where it is not computed. */
  readonly gradientNorm: number | undefined;
  readonly learningRate: number | undefined;
}

/**
 * The course after one more step. A loss that is zero or less has no ratio to its lowest, and is held to be a number alone:
 * its course is null, as before the first step.
 * @throws Diverged with step, value, learning rate and what to do
 */
export function followed(course: Course | null, taken: StepTaken, steps: number): Course | null {
  const { step, loss, gradientNorm, learningRate } = taken;
  const where = `at step ${step} of ${steps}`;
  const rate = learningRate === undefined ? "" : ` (learning rate ${learningRate.toPrecision(3)})`;
  if (!Number.isFinite(loss)) throw new Diverged(`the loss is ${loss} ${where}${rate}: ${FIX}`);
  if (gradientNorm !== undefined && !Number.isFinite(gradientNorm))
    throw new Diverged(`the gradient norm is ${gradientNorm} ${where}${rate}: ${FIX}`);
  if (loss <= 0) return null;
  const before = course ?? BEGUN;
  const seen = before.steps + 1;
  const smoothed = before.smoothed + (Math.log(loss) - before.smoothed) / Math.min(seen, WINDOW);
  if (seen < FEWEST) return { ...before, steps: seen, smoothed };
  const { lowest } = before;
  if (lowest === null || smoothed < lowest.smoothed)
    return { steps: seen, smoothed, lowest: { step, smoothed }, above: 0 };
  const above = smoothed > lowest.smoothed + Math.log(RISE) ? before.above + 1 : 0;
  if (above < PATIENCE) return { steps: seen, smoothed, lowest, above };
  const was = Math.exp(lowest.smoothed).toPrecision(3);
  throw new Diverged(
    `the loss is ${loss.toPrecision(3)} ${where}${rate}, for ${PATIENCE} steps more than ${RISE} times its lowest (${was} at step ${lowest.step}, smoothed): ${FIX}`,
  );
}
