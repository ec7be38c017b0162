/** EPG (arXiv 2510.12586): pre-train an encoder without labels, add a decoder, fine-tune both in pixel space. */
import type { Model, StageWeights, Task } from "../../../harness/plugin.ts";
import { deviations } from "./deviations.ts";
import { encoderProbe } from "./encoder-probe.ts";
import { exported } from "./exported.ts";
import { type EpgOptions, samplerChoice, schema } from "./options.ts";
import { pretrained } from "./pretrained.ts";
import { recipeOf } from "./recipes.ts";
import { recognise } from "./recognise.ts";
import { resampled } from "./resampled.ts";
import type { Guidance } from "./samplers/denoiser.ts";
import { createSampler } from "./samplers/index.ts";
import { networkShape } from "./sizes.ts";
import { lastStage, POOR, stages } from "./stages.ts";

function guidanceOf({ guidance, size }: EpgOptions, task: Task, weights: StageWeights): Guidance | null {
  if (guidance?.kind !== "autoguidance") return guidance && { ...guidance, poor: null };
  return {
    ...guidance,
    poor: { shape: networkShape(guidance.size ?? size, task), weights: weights[POOR]! },
  };
}

const SAMPLING_BATCH = 32;
const LARGE_SAMPLING_BATCH = 8;
const samplingBatchSize = ({ size }: EpgOptions, { resolution }: Task): number =>
  resolution >= 256 || size.includes("/") ? LARGE_SAMPLING_BATCH : SAMPLING_BATCH;

const model: Model<EpgOptions> = {
  name: "epg",
  schema,
  stages,
  async sampler(options, task, weights, runtime, batchSize) {
    const { objective, clamp, size } = options;
    return createSampler(
      samplerChoice(options),
      {
        shape: networkShape(size, task),
        target: objective === "diffusion" ? "x0" : "edm",
        batchSize,
        normalisation: recipeOf(size).normalisation,
        clamp,
        guidance: guidanceOf(options, task, weights),
      },
      weights[lastStage(options)]!,
      runtime,
    );
  },
  samplingBatchSize,
  encoderProbe: (options, task) => encoderProbe(options, task, samplingBatchSize(options, task)),
  deviations,
  pretrained,
  exported,
  recognise,
  resampled,
};

export default model;
