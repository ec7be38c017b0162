/** EPG (arXiv 2510.12586): pre-train an encoder without labels, add a decoder, fine-tune both in pixel space. */
import { UserError } from "../../../harness/errors.ts";
import type { Model, Pretrained, Stage, StageWeights, Task } from "../../../harness/plugin.ts";
import { consistencyTuningStage } from "./consistency.ts";
import { deviations } from "./deviations.ts";
import { diffusionStage } from "./diffusion.ts";
import { encoderProbe } from "./encoder-probe.ts";
import { exported } from "./exported.ts";
import { type EpgOptions, schema } from "./options.ts";
import { pretrained } from "./pretrained.ts";
import { pretrainingStage } from "./pretraining.ts";
import { recipeFor, recipeOf } from "./recipes.ts";
import { recognise } from "./recognise.ts";
import type { SamplerChoice } from "./samplers/choice.ts";
import type { Guidance } from "./samplers/denoiser.ts";
import { createSampler } from "./samplers/index.ts";
import { SIGMA_MAX, SIGMA_MIN } from "./schedules.ts";
import { networkShape, projectorShape } from "./sizes.ts";

/** The stage that hands on what is sampled from. */
const lastStage = ({ objective }: EpgOptions): string => `${objective} fine-tuning`;
/** Autoguidance's. */
const POOR = "poor network";
/** What the stages before the last may take of an entry's training FLOPs. */
const MOST_SHARE = 0.95;

function stages(options: EpgOptions, task: Task): readonly Stage[] {
  const { size, pretraining, steps, guidance } = options;
  if (guidance?.kind === "classifierFree" && task.classes === 0)
    throw new UserError(
      `guidance.scale is ${guidance.scale}, but there are no classes to guide towards`,
      "use guidance: null, autoguidance({ scale: … }), or data with class folders",
    );
  const poor = guidance?.kind === "autoguidance" ? guidance : null;
  const share = pretraining.share + (poor?.share ?? 0);
  if (poor && share > MOST_SHARE)
    throw new UserError(
      `guidance.share is ${poor.share} and pretraining.share ${pretraining.share}: together they may take ${MOST_SHARE} of the training`,
      "lower guidance.share or pretraining.share",
    );
  return [
    ...(pretraining.share > 0 ? [firstStage(options, task)] : []),
    ...(poor ? [fineTuningStage(options, task, { name: POOR, ...poor, size: poor.size ?? size })] : []),
    fineTuningStage(options, task, { name: lastStage(options), size, share: 1 - share, steps }),
  ];
}

function firstStage(options: EpgOptions, task: Task): Stage {
  const { size, pretraining } = options;
  const recipe = recipeFor(options);
  return pretrainingStage({
    ...pretraining,
    shape: networkShape(size, task),
    projector: projectorShape(size),
    recipe,
    batchSize: recipe.batchSize,
  });
}

type FineTuned = Pick<EpgOptions, "size" | "steps"> & { readonly name: string; readonly share: number };

/** Trained by the entry's recipe whatever its size; it starts from the pre-trained encoder where that is of its size. */
function fineTuningStage(options: EpgOptions, task: Task, { name, size, share, steps }: FineTuned): Stage {
  const recipe = recipeFor(options);
  const settings = {
    name,
    shape: networkShape(size, task),
    recipe,
    batchSize: recipe.batchSize,
    steps,
    share,
    pretrained: options.pretraining.share > 0 && size === options.size,
  };
  return options.objective === "diffusion"
    ? diffusionStage(settings)
    : consistencyTuningStage({ ...settings, size, projector: projectorShape(size) });
}

const samplerChoice = ({ sampler, objective }: EpgOptions): SamplerChoice =>
  sampler ??
  (objective === "diffusion"
    ? { kind: "heun", steps: 16, sigmaMin: SIGMA_MIN, sigmaMax: SIGMA_MAX }
    : { kind: "oneStep" });

/** Pictures taken while the network trains have no poor network's weights at hand and go without autoguidance. */
function guidanceOf({ guidance, size }: EpgOptions, task: Task, weights: StageWeights): Guidance | null {
  if (guidance?.kind !== "autoguidance") return guidance && { ...guidance, poor: null };
  const poor = weights[POOR];
  return poor
    ? { ...guidance, poor: { shape: networkShape(guidance.size ?? size, task), weights: poor } }
    : null;
}

function sampledFrom(options: EpgOptions): Pretrained | null {
  const { weights, guidance } = options;
  if (weights !== null && guidance?.kind === "autoguidance")
    throw new UserError(
      `guidance.kind is "autoguidance", whose poor network is trained with the entry, but weights is ${JSON.stringify(weights.file)}`,
      "use guidance: { scale: … }, or train the entry: weights: null",
    );
  return pretrained(options, lastStage(options));
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
  pretrained: sampledFrom,
  exported: (options, task, batchSize) => exported(options, task, batchSize, lastStage(options)),
  recognise,
};

export default model;
