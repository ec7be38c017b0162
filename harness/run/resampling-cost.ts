/** What a row that a comparison adds takes, an image of it sampled on a backend that computes nothing. */
import type { Task } from "../plugin.ts";
import { drySampling } from "./dry-sampling.ts";
import { openModel } from "./open.ts";
import type { Candidate } from "./plan-resamplings.ts";
import type { SettledConfig } from "./settle.ts";

export interface ResamplingCost {
  readonly name: string;
  readonly nfe: number;
  readonly decoderCalls: number;
  readonly macsPerImage: number;
  /** Of the row's samples. */
  readonly sampleFlops: number;
  /** Of all trials that choose its guidance; 0 where there is no choice. */
  readonly trialFlops: number;
}

/** Proposed or planned. */
interface Row {
  readonly name: string;
  readonly candidates: readonly Pick<Candidate, "model">[];
}

/** @throws UserError where the row's sampler does not fit the task */
export async function resamplingCost(
  config: SettledConfig,
  task: Task,
  entry: string,
  { name, candidates }: Row,
): Promise<ResamplingCost> {
  const { model, options } = await openModel(config, candidates[0]!.model, entry);
  const { nfe, decoderCalls, macsPerImage, flopsPerImage } = await drySampling(model, options, task, config);
  const trials = candidates.length > 1 ? candidates.length * config.comparison!.validationSamples : 0;
  return {
    name,
    nfe,
    decoderCalls,
    macsPerImage,
    sampleFlops: config.samples * flopsPerImage,
    trialFlops: trials * flopsPerImage,
  };
}
