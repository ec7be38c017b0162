/** The same solver for every entry's trained weights, in as many steps as a number of network calls allows. */
import type { SamplingTerms, Task } from "../../../harness/plugin.ts";
import type { LatentInput } from "./options.ts";

/** As the schema has it. */
const MOST_STEPS = 1000;

/** DDIM calls the network once a step, and once more where there is guidance, which acts at every step. */
export function resampled(
  { guidance }: Pick<LatentInput, "guidance">,
  { classes }: Task,
  { calls, guidance: scale }: SamplingTerms,
): Pick<LatentInput, "sampler" | "guidance"> | null {
  const steps = Math.min(MOST_STEPS, scale === null ? calls : Math.floor(calls / 2));
  if (steps < 1 || (scale !== null && classes === 0)) return null;
  return { sampler: { kind: "ddim", steps }, guidance: { ...guidance, scale: scale ?? 1 } };
}
