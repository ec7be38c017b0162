/** EDM's Heun over an entry's trained weights, in as many steps as a number of network calls allows. */
import type { z } from "zod";
import type { SamplingTerms, Task } from "../../../../harness/plugin.ts";
import { USUAL_INTERVAL } from "../guidance-interval.ts";
import { guidedSteps, NO_CLASSES, noGuidedStepFits, noStepFits, unguidedSteps } from "../heun-steps.ts";
import { karrasLevels } from "../levels.ts";
import type { samplerSchema } from "./choice.ts";
import { PROCESSES } from "./denoiser.ts";
import type { guidanceSchema } from "./guidance.ts";
import type { Objective } from "./objective.ts";

/** A type, since interfaces are no records. */
type Resampled = {
  readonly sampler: z.input<typeof samplerSchema>;
  readonly guidance: z.input<typeof guidanceSchema>;
};

interface Own {
  /** Of the entry. */
  readonly guidance?: z.output<typeof guidanceSchema> | undefined;
  readonly objective: Objective;
}

/** EPG's interval beside its images of deviation .5, as it lies beside latents of deviation 1. */
const INTERVAL = { low: 2 * USUAL_INTERVAL.low, high: 2 * USUAL_INTERVAL.high };

/** One call is the network's answer at its highest noise level, as a model of one step gives it. */
export function resampled(
  { guidance, objective }: Own,
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

function unguided(guidance: Resampled["guidance"], calls: number): Resampled | string {
  if (calls === 1) return { sampler: { kind: "oneStep" }, guidance };
  const steps = unguidedSteps(calls);
  return steps === null ? noStepFits(calls) : { sampler: { kind: "heun", steps }, guidance };
}

/** null: the entry says none, and guides everywhere. */
const ownInterval = (guidance: Own["guidance"]) =>
  guidance && (guidance.low > 0 || guidance.high !== null)
    ? { low: guidance.low, high: guidance.high }
    : null;
