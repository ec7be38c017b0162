/** EPG (arXiv 2510.12586): pre-train an encoder without labels, add a decoder, fine-tune both in pixel space. */
import { UserError } from "../../../harness/errors.ts";
import type { Model, Stage, Task } from "../../../harness/plugin.ts";
import { CONSISTENCY, consistencyTuningStage } from "./consistency.ts";
import { deviations } from "./deviations.ts";
import { DIFFUSION, diffusionStage } from "./diffusion.ts";
import { exported } from "./exported.ts";
import { type EpgOptions, schema } from "./options.ts";
import { pretrained } from "./pretrained.ts";
import { pretrainingStage } from "./pretraining.ts";
import { recipeFor, recipeOf } from "./recipes.ts";
import { recognise } from "./recognise.ts";
import { createSampler, type SamplerChoice } from "./samplers/index.ts";
import { networkShape, projectorShape } from "./sizes.ts";

function stages(options: EpgOptions, task: Task): readonly Stage[] {
  const { size, objective, pretraining, steps, guidance } = options;
  if (guidance && task.classes === 0)
    throw new UserError(
      "guidance is set, but the data has no classes to guide towards",
      "use guidance: null, or data with class folders",
    );
  const shape = networkShape(size, task);
  const projector = projectorShape(size);
  const recipe = recipeFor(options);
  const { batchSize } = recipe;
  const hasPretraining = pretraining.share > 0;
  const fineTuning = {
    shape,
    recipe,
    batchSize,
    steps,
    share: 1 - pretraining.share,
    pretrained: hasPretraining,
  };
  const last =
    objective === "diffusion"
      ? diffusionStage(fineTuning)
      : consistencyTuningStage({ ...fineTuning, size, projector });
  return hasPretraining
    ? [pretrainingStage({ ...pretraining, shape, projector, recipe, batchSize }), last]
    : [last];
}

const samplerChoice = ({ sampler, objective }: EpgOptions): SamplerChoice =>
  sampler ?? (objective === "diffusion" ? { kind: "heun", steps: 16 } : { kind: "oneStep" });

/** The stage that hands on what is sampled from. */
const lastStage = ({ objective }: EpgOptions): string =>
  objective === "diffusion" ? DIFFUSION : CONSISTENCY;

const SAMPLING_BATCH = 32;
const LARGE_SAMPLING_BATCH = 8;

const model: Model<EpgOptions> = {
  name: "epg",
  schema,
  stages,
  async sampler(options, task, weights, runtime, batchSize) {
    const { objective, clamp, guidance, size } = options;
    return createSampler(
      samplerChoice(options),
      {
        shape: networkShape(size, task),
        target: objective === "diffusion" ? "x0" : "edm",
        batchSize,
        normalisation: recipeOf(size).normalisation,
        clamp,
        guidance,
      },
      weights[lastStage(options)]!,
      runtime,
    );
  },
  samplingBatchSize: ({ size }, { resolution }) =>
    resolution >= 256 || size.includes("/") ? LARGE_SAMPLING_BATCH : SAMPLING_BATCH,
  deviations,
  pretrained: (options) => pretrained(options, lastStage(options)),
  exported: (options, task, batchSize) => exported(options, task, batchSize, lastStage(options)),
  recognise,
};

export default model;
