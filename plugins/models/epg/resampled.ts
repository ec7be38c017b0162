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
import type { EpgInput, EpgOptions } from "./options.ts";

type Resampled = Pick<EpgInput, "sampler" | "guidance">;

const ONE_STEP = "it is a model of one step, which nothing guides";

/** A model of one step has one row; Heun's guided steps are those whose calls, guidance's among them, fit. */
export function resampled(options: EpgOptions, task: Task, { calls, guidance: scale }: SamplingTerms) {
  if (scale === null) return unguided(options, calls);
  const guidance = guidedBy(options, task, scale);
  if (options.objective === "consistency") return ONE_STEP;
  if (guidance === null) return NO_CLASSES;
  const steps = guidedSteps(calls, karrasLevels, guidance);
  return steps === null
    ? noGuidedStepFits(calls)
    : ({ sampler: { kind: "heun", steps }, guidance } satisfies Resampled);
}

function unguided({ objective }: EpgOptions, calls: number): Resampled | string {
  // One level, and Euler's step from it to σ = 0.
  if (calls === 1) return { sampler: { kind: "oneStep" }, guidance: null };
  if (objective === "consistency") return ONE_STEP;
  const steps = unguidedSteps(calls);
  return steps === null ? noStepFits(calls) : { sampler: { kind: "heun", steps }, guidance: null };
}

/** The entry's own kind of guidance at another scale; without classes only a poor network can guide. */
function guidedBy({ guidance }: EpgOptions, { classes }: Task, scale: number) {
  if (guidance?.kind === "autoguidance") {
    const { kind, low, high, size, weights, share, steps } = guidance;
    // A network out of a file is not trained.
    return { kind, low, high, size, weights, scale, ...(weights === null && { share, steps }) };
  }
  if (classes === 0) return null;
  const { low, high } = guidance ?? USUAL_INTERVAL;
  return { kind: "classifierFree" as const, scale, low, high };
}
