/** EDM's Heun over an entry's trained weights, in as many steps as a number of network calls allows. */
import type { SamplingTerms, Task } from "../../../harness/plugin.ts";
import { guidedSteps, unguidedSteps } from "../solvers/heun-steps.ts";
import { karrasLevels } from "../solvers/levels.ts";
import type { EpgInput, EpgOptions } from "./options.ts";

type Resampled = Pick<EpgInput, "sampler" | "guidance">;

/** The interval that the paper guides in (arXiv:2404.07724), where the entry says no other. */
const INTERVAL = { low: 0.19, high: 1.61 };

/** A model of one step has one row; Heun's guided steps are those whose calls, guidance's among them, fit. */
export function resampled(options: EpgOptions, task: Task, { calls, guidance: scale }: SamplingTerms) {
  if (scale === null) return unguided(options, calls);
  const guidance = guidedBy(options, task, scale);
  if (options.objective === "consistency" || guidance === null) return null;
  const steps = guidedSteps(calls, karrasLevels, guidance);
  return steps === null ? null : ({ sampler: { kind: "heun", steps }, guidance } satisfies Resampled);
}

function unguided({ objective }: EpgOptions, calls: number): Resampled | null {
  // One level, and Euler's step from it to σ = 0.
  if (calls === 1) return { sampler: { kind: "oneStep" }, guidance: null };
  if (objective === "consistency") return null;
  const steps = unguidedSteps(calls);
  return steps === null ? null : { sampler: { kind: "heun", steps }, guidance: null };
}

/** The entry's own kind of guidance at another scale; without classes only a poor network can guide. */
function guidedBy({ guidance }: EpgOptions, { classes }: Task, scale: number) {
  if (guidance?.kind === "autoguidance") {
    const { kind, low, high, size, weights, share, steps } = guidance;
    // A network out of a file is not trained.
    return { kind, low, high, size, weights, scale, ...(weights === null && { share, steps }) };
  }
  if (classes === 0) return null;
  const { low, high } = guidance ?? INTERVAL;
  return { kind: "classifierFree" as const, scale, low, high };
}
