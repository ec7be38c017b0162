/** Which stages an entry trains: pre-training, autoguidance's poor network, fine-tuning; none that a file stands in for. */
import { UserError } from "../../../harness/errors.ts";
import type { Stage, Task } from "../../../harness/plugin.ts";
import { consistencyTuningStage } from "./consistency.ts";
import { diffusionStage } from "./diffusion.ts";
import { type EpgOptions, encoderFile } from "./options.ts";
import { pretrainingStage } from "./pretraining.ts";
import { recipeFor } from "./recipes.ts";
import { networkShape, projectorShape } from "./sizes.ts";

/** The stage that hands on what is sampled from. */
export const lastStage = ({ objective }: Pick<EpgOptions, "objective">): string => `${objective} fine-tuning`;
/** Autoguidance's. */
export const POOR = "poor network";
/** What the stages before the last may take of an entry's training FLOPs. */
const MOST_SHARE = 0.95;

/** @throws UserError */
export function stages(options: EpgOptions, task: Task): readonly Stage[] {
  const { size, pretraining, steps, guidance, weights } = options;
  if (guidance?.kind === "classifierFree" && task.classes === 0)
    throw new UserError(
      `guidance.scale is ${guidance.scale}, but there are no classes to guide towards`,
      "use guidance: null, autoguidance({ scale: … }), or data with class folders",
    );
  if (weights !== null) return [];
  requireMicroBatch(options);
  const poor = guidance?.kind === "autoguidance" && guidance.weights === null ? guidance : null;
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

/** @throws UserError where a loss couples the images of a batch, or the parts would be unequal */
function requireMicroBatch(options: EpgOptions): void {
  const { microBatch, objective, pretraining } = options;
  if (microBatch === null) return;
  const { batchSize } = recipeFor(options);
  if (batchSize % microBatch !== 0)
    throw new UserError(
      `microBatch is ${microBatch}, the batch ${batchSize} images: its parts must be equal`,
      "give a microBatch that divides the batch",
    );
  if (objective === "consistency")
    throw new UserError(
      "microBatch: the consistency objective's contrastive loss compares all images of a batch",
      'use recompute: true in its place, a smaller batchSize, or objective: "diffusion"',
    );
  if (pretraining.share > 0)
    throw new UserError(
      "microBatch: pre-training's contrastive loss and BatchNorm take all images of a batch together",
      "use recompute: true in its place, a smaller batchSize, or do without pre-training here: pretraining: { share: 0 } or { weights: FILE }",
    );
}

function firstStage(options: EpgOptions, task: Task): Stage {
  const { size, pretraining, recompute } = options;
  const recipe = recipeFor(options);
  return pretrainingStage({
    ...pretraining,
    weights: pretraining.weights === "target" ? "target" : "online",
    shape: networkShape(size, task),
    projector: projectorShape(size),
    recipe,
    batchSize: recipe.batchSize,
    recompute,
  });
}

type FineTuned = Pick<EpgOptions, "size" | "steps"> & { readonly name: string; readonly share: number };

/** Trained by the entry's recipe whatever its size; it starts from the pre-trained encoder where that is of its size. */
function fineTuningStage(options: EpgOptions, task: Task, { name, size, share, steps }: FineTuned): Stage {
  const recipe = recipeFor(options);
  const encoder = options.pretraining.share > 0 || encoderFile(options) !== null;
  const settings = {
    name,
    shape: networkShape(size, task),
    recipe,
    batchSize: recipe.batchSize,
    microBatch: options.microBatch ?? recipe.batchSize,
    recompute: options.recompute,
    steps,
    share,
    pretrained: encoder && size === options.size,
  };
  return options.objective === "diffusion"
    ? diffusionStage(settings)
    : consistencyTuningStage({ ...settings, size, projector: projectorShape(size) });
}
