/** EDM's Heun over an entry's trained weights, in as many steps as a number of network calls allows. */
import type { SamplingTerms, Task } from "../../../harness/plugin.ts";
import { USUAL_INTERVAL } from "../solvers/guidance-interval.ts";
import {
  guidedSteps,
  NO_CLASSES,
  noGuidedStepFits,
  noStepFits,
  unguidedSteps,
} from "../solvers/heun-steps.ts";
import { karrasLevels } from "../solvers/levels.ts";
import type { LatentInput, LatentOptions } from "./options.ts";
import { PROCESSES } from "./samplers/denoiser.ts";

type Resampled = Pick<LatentInput, "sampler" | "guidance">;

/** EPG's interval beside its images of deviation .5, as it lies beside latents of deviation 1. */
const INTERVAL = { low: 2 * USUAL_INTERVAL.low, high: 2 * USUAL_INTERVAL.high };

/** One call is the network's answer at its highest noise level, as a model of one step gives it. */
export function resampled(
  { guidance, objective }: Pick<LatentOptions, "guidance" | "objective">,
  { classes }: Task,
  { calls, guidance: scale }: SamplingTerms,
): Resampled | string {
  if (scale === null) return unguided({ ...guidance, scale: 1 }, calls);
  if (classes === 0) return NO_CLASSES;
  const interval = ownInterval(guidance) ?? INTERVAL;
  const levels = (steps: number): Float64Array => karrasLevels(steps, ...PROCESSES[objective].levels);
  const steps = guidedSteps(calls, levels, interval);
  return steps === null
    ? noGuidedStepFits(calls)
    : { sampler: { kind: "heun", steps }, guidance: { ...guidance, ...interval, scale } };
}

function unguided(guidance: NonNullable<LatentInput["guidance"]>, calls: number): Resampled | string {
  if (calls === 1) return { sampler: { kind: "oneStep" }, guidance };
  const steps = unguidedSteps(calls);
  return steps === null ? noStepFits(calls) : { sampler: { kind: "heun", steps }, guidance };
}

/** null: the entry says none, and guides everywhere. */
const ownInterval = (guidance: LatentOptions["guidance"]) =>
  guidance && (guidance.low > 0 || guidance.high !== null)
    ? { low: guidance.low, high: guidance.high }
    : null;
