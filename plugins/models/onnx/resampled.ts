/** EDM's Heun over a denoiser, in as many steps as a number of network calls allows. */
import type { SamplingTerms } from "../../../harness/plugin.ts";
import { USUAL_INTERVAL } from "../solvers/guidance-interval.ts";
import { guidedSteps, noGuidedStepFits, noStepFits, unguidedSteps } from "../solvers/heun-steps.ts";
import { karrasLevels } from "../solvers/levels.ts";
import type { OnnxInput, OnnxOptions } from "./options.ts";
import type { Call } from "./plan.ts";

/** As an EPG's own denoiser is sampled again. */
export function resampled(
  options: OnnxOptions,
  { kind, noClass }: Pick<Call, "kind" | "noClass">,
  { calls, guidance: scale }: SamplingTerms,
): Pick<OnnxInput, "sampler" | "guidance"> | string {
  if (kind === "generator") return "its file is a generator, called once an image";
  if (scale === null) return unguided(calls);
  if (noClass === null) return "its file knows no label that is no class, which guidance needs";
  const { low, high } = options.guidance ?? USUAL_INTERVAL;
  const steps = guidedSteps(calls, karrasLevels, { low, high });
  return steps === null
    ? noGuidedStepFits(calls)
    : { sampler: { kind: "heun", steps }, guidance: { scale, low, high } };
}

function unguided(calls: number): Pick<OnnxInput, "sampler" | "guidance"> | string {
  if (calls === 1) return { sampler: { kind: "oneStep" }, guidance: null };
  const steps = unguidedSteps(calls);
  return steps === null ? noStepFits(calls) : { sampler: { kind: "heun", steps }, guidance: null };
}
