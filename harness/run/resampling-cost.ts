/** What a row that a comparison adds takes, an image of it sampled on a backend that computes nothing. */
import type { Model, Task } from "../plugin.ts";
import { drySampling } from "./dry-sampling.ts";
import { openModel } from "./open.ts";
import type { Candidate } from "./plan-resamplings.ts";
import { toldCost } from "./sampling-cost.ts";
import type { SettledConfig } from "./settle.ts";

export interface ResamplingCost {
  readonly name: string;
  /** null, here and below: not known, since its network runs where nothing is counted. */
  readonly nfe: number | null;
  readonly decoderCalls: number;
  readonly macsPerImage: number | null;
  /** Of the row's samples. */
  readonly sampleFlops: number | null;
  /** Of all trials that choose its guidance; 0 where there is no choice. */
  readonly trialFlops: number | null;
}

/** Proposed or planned. */
interface Row {
  readonly name: string;
  readonly candidates: readonly Pick<Candidate, "model">[];
}

async function costAnImage(model: Model, options: never, task: Task, config: SettledConfig) {
  const elsewhere = await model.elsewhere?.(options, task, config);
  return elsewhere ? toldCost(elsewhere) : drySampling(model, options, task, config);
}

/** @throws UserError where the row's sampler does not fit the task */
export async function resamplingCost(
  config: SettledConfig,
  task: Task,
  entry: string,
  { name, candidates }: Row,
): Promise<ResamplingCost> {
  const { model, options } = await openModel(config, candidates[0]!.model, entry);
  const { nfe, decoderCalls, macsPerImage, flopsPerImage } = await costAnImage(model, options, task, config);
  const ofAll = (images: number): number | null => (flopsPerImage === null ? null : images * flopsPerImage);
  const trials = candidates.length > 1 ? candidates.length * config.comparison!.validationSamples : 0;
  return {
    name,
    nfe,
    decoderCalls,
    macsPerImage,
    sampleFlops: ofAll(config.samples),
    trialFlops: trials === 0 ? 0 : ofAll(trials),
  };
}
