/** What a configuration does otherwise than the paper, one sentence each, for the report. */
import type { Task } from "../../../harness/plugin.ts";
import { samplingLevels } from "../solvers/choice.ts";
import { idleGuidance } from "../solvers/guidance-interval.ts";
import { type EpgOptions, encoderFile, samplerChoice } from "./options.ts";
import { type Recipe, recipeFor, recipeOf } from "./recipes.ts";
import { isPublished, networkShape, projectorShape } from "./sizes.ts";

export function deviations(options: EpgOptions, task: Task): readonly string[] {
  return [...(options.weights === null ? training(options, task) : []), ...sampling(options)];
}

/** Of weights made elsewhere it is not known how they were trained. */
function training(options: EpgOptions, task: Task): readonly string[] {
  const recipe = recipeFor(options);
  return [
    ...(isPublished(options.size) ? overriddenSettings(options, recipe) : smallSize(options, recipe, task)),
    ...encoderChoices(options, recipe),
  ];
}

/** Of an encoder made elsewhere it is not known how it was pre-trained. */
function encoderChoices(options: EpgOptions, recipe: Recipe): readonly string[] {
  if (encoderFile(options)) return [];
  return options.pretraining.share === 0
    ? ["No pre-training: the encoder starts at random."]
    : pretrainingChoices(options, recipe);
}

function sampling(options: EpgOptions): readonly string[] {
  const { size, clamp, guidance } = options;
  const idle = guidance && idleGuidance(guidance, samplingLevels(samplerChoice(options), 1));
  return [
    ...(isPublished(size) && clamp === "range"
      ? ["Denoised images are clamped to each channel's valid range; the released code clamps to [−1, 1]."]
      : []),
    ...(idle ? [idle] : []),
  ];
}

/** What a published size trains with otherwise than it was released with. */
function overriddenSettings({ size, objective, pretraining }: EpgOptions, recipe: Recipe): readonly string[] {
  const released = recipeOf(size);
  const rate = (stage: "pretraining" | "diffusion" | "consistency", name: string): readonly string[] =>
    recipe[stage].learningRate === released[stage].learningRate
      ? []
      : [`${name} learning rate is ${recipe[stage].learningRate}, not ${released[stage].learningRate}.`];
  return [
    ...(recipe.batchSize === released.batchSize
      ? []
      : [`Batch ${recipe.batchSize}, not ${released.batchSize}.`]),
    ...(pretraining.share === 0 ? [] : rate("pretraining", "Pre-training's")),
    ...rate(objective, "Fine-tuning's"),
  ];
}

function smallSize(
  { size, objective, pretraining }: EpgOptions,
  recipe: Recipe,
  task: Task,
): readonly string[] {
  const { width, depth, patch, positionAmplitude, classDeviation } = networkShape(size, task);
  const { hidden, out } = projectorShape(size);
  const { diffusion, consistency, batchSize } = recipe;
  const { learningRate, beta2 } = recipe[objective];
  const before = pretraining.share === 0 ? "" : `${recipe.pretraining.learningRate} in pre-training and `;
  const common = [
    `Size ${size}: ${depth} + ${depth} blocks of width ${width}, patches of ${patch} px, head ${hidden} and ${out} wide.`,
    `pos_embed starts from 2-D sines and cosines of amplitude ${positionAmplitude} (still learned), not from N(0, .02).`,
    `class_embed starts from N(0, ${classDeviation}²), not from N(0, .02²).`,
    `Batch ${batchSize}, learning rate ${before}${learningRate} in fine-tuning, β₂ ${beta2}; warm-up is a part of the steps, not 10,000.`,
    "Images are normalised to [−1, 1] in every channel.",
  ];
  return [
    ...common,
    ...(objective === "diffusion"
      ? [
          `ln σ ~ N(${diffusion.logSigmaMean}, ${diffusion.logSigmaDeviation}²) in training, not N(−1.2, 1.6²).`,
          ...(diffusion.lossWeight === "none"
            ? ["Every noise level's squared error counts alike, not by one over the gap to the level below."]
            : []),
          ...(diffusion.clip === null ? ["Gradients are not clipped."] : []),
          "The weight average forgets half within a part of the steps, not with decay .9999.",
        ]
      : [
          "The weight average forgets half within a part of the steps, not with decay .9999.",
          "The learning rate falls by a cosine, not to .3 and .08 after 400,000 and 500,000 steps.",
          `Dropout ${consistency.dropout} of the decoder's attention, not .5.`,
          "Stages of consistency tuning are eighths of the steps; c of its loss scales with the image side.",
        ]),
  ];
}

function pretrainingChoices({ pretraining }: EpgOptions, recipe: Recipe): readonly string[] {
  return [
    "Views are cropped from images at the training resolution, not from the originals.",
    ...(recipe.pretraining.targetBatchNorm === "batch"
      ? ["The pre-training target uses batch statistics; the released one never updates its running ones."]
      : []),
    ...(pretraining.weights === "target" ? ["Fine-tuning starts from the pre-training target."] : []),
    ...(pretraining.temperature === "annealed"
      ? []
      : [
          `The temperature of the representation-consistency loss is ${pretraining.temperature}, not annealed.`,
        ]),
  ];
}
