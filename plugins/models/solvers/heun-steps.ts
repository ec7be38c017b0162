/** How many steps of Heun's method a number of network calls allows. */

import { acts, type GuidanceInterval } from "./guidance-interval.ts";

/** Why there are none. */
export const noStepFits = (calls: number): string =>
  `${calls} ${calls === 1 ? "call is" : "calls are"} too few for two steps of Heun's method`;
export const noGuidedStepFits = (calls: number): string =>
  `no guided step fits in ${calls} ${calls === 1 ? "call" : "calls"}`;
export const NO_CLASSES = "there are no classes to guide towards";

/** 2n − 1 calls; null where two steps do not fit. */
export function unguidedSteps(calls: number): number | null {
  const steps = Math.floor((calls + 1) / 2);
  return steps < 2 ? null : steps;
}

/** With guidance's own calls among them; null where no step within so many calls is guided. */
export function guidedSteps(
  calls: number,
  levelsOf: (steps: number) => Float64Array,
  interval: GuidanceInterval,
): number | null {
  // Fewer steps may be guided more often: the levels move.
  for (let steps = Math.floor((calls + 1) / 2); steps >= 2; steps--) {
    const guided = guidedCalls(levelsOf(steps), interval);
    if (guided > 0 && 2 * steps - 1 + guided <= calls) return steps;
  }
  return null;
}

/** Heun's method is at the first level once, at each other twice. */
const guidedCalls = (levels: Float64Array, interval: GuidanceInterval): number =>
  levels.reduce((sum, sigma, i) => sum + (acts(interval, sigma) ? (i === 0 ? 1 : 2) : 0), 0);
