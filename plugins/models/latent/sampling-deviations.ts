/** What sampling does otherwise than DiT's or SiT's released code. */
import { idleGuidance } from "../solvers/guidance-interval.ts";
import { knownLevels } from "../solvers/latent/choice.ts";
import { titleOf } from "../solvers/latent/objective.ts";
import type { SamplerSettings } from "./sampler.ts";

export type SamplingTold = Pick<SamplerSettings, "objective" | "sampler" | "guidance">;

/** One sentence each. */
export function samplingDeviations({ objective, sampler, guidance }: SamplingTold): string[] {
  const title = titleOf(objective);
  const found: string[] = [];
  if (guidance.scale !== 1 && guidance.channels !== 3)
    found.push(
      `Guidance acts on ${guidance.channels} of the latent's channels; the released ${title} guides 3.`,
    );
  if (guidance.scale !== 1 && (guidance.low > 0 || guidance.high !== null))
    found.push(
      `Guidance acts where ${guidance.low} < σ${guidance.high === null ? "" : ` ≤ ${guidance.high}`} alone (arXiv:2404.07724); the released ${title} guides every call.`,
    );
  if (sampler.kind === "heun" || sampler.kind === "dpmSolver")
    found.push(
      `${title} was released without ${sampler.kind === "heun" ? "EDM's Heun" : "DPM-Solver++"}: it sees the network as a denoiser at EDM's noise levels${objective === "flow" ? ", σ = (1 − t)/t" : ", which fractional training steps stand for"}.`,
    );
  const levels = knownLevels(sampler, objective);
  const idle = guidance.scale !== 1 && levels && idleGuidance(guidance, levels);
  if (idle) found.push(idle);
  if (sampler.kind === "sde")
    found.push("One network call gives drift and score; the released SiT calls it for each.");
  if (sampler.kind === "dopri5")
    found.push("dopri5 chooses each image's own steps; the released SiT's are one for the whole batch.");
  return found;
}
