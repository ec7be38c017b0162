/** What a configuration does otherwise than the paper, one sentence each, for the report. */
import type { Task } from "../../../harness/plugin.ts";
import type { EpgOptions } from "./options.ts";
import { recipeOf } from "./recipes.ts";
import { isPublished, networkShape, projectorShape } from "./sizes.ts";

export function deviations(options: EpgOptions, task: Task): readonly string[] {
  return [
    ...(isPublished(options.size) ? [] : smallSize(options, task)),
    ...choices(options),
    ...(isPublished(options.size) && options.clamp === "range"
      ? ["Denoised images are clamped to each channel's valid range; the released code clamps to [−1, 1]."]
      : []),
  ];
}

function smallSize({ size, objective }: EpgOptions, task: Task): readonly string[] {
  const { width, depth, patch, positionAmplitude, classDeviation } = networkShape(size, task);
  const { hidden, out } = projectorShape(size);
  const { diffusion, pretraining, batchSize, consistency } = recipeOf(size);
  const common = [
    `Size ${size}: ${depth} + ${depth} blocks of width ${width}, patches of ${patch} px, head ${hidden} and ${out} wide.`,
    `pos_embed starts from 2-D sines and cosines of amplitude ${positionAmplitude} (still learned), not from N(0, .02).`,
    `class_embed starts from N(0, ${classDeviation}²), not from N(0, .02²).`,
    `Batch ${batchSize}, learning rate ${diffusion.learningRate}, β₂ ${diffusion.beta2}; warm-up is a part of the steps, not 10,000.`,
    "Images are normalised to [−1, 1] in every channel.",
    ...(pretraining.targetBatchNorm === "batch"
      ? ["The pre-training target uses batch statistics; the released one never updates its running ones."]
      : []),
  ];
  return [
    ...common,
    ...(objective === "diffusion"
      ? [
          `ln σ ~ N(${diffusion.logSigmaMean}, ${diffusion.logSigmaDeviation}²) in training, not N(−1.2, 1.6²).`,
          ...(diffusion.clip === null ? ["Gradients are not clipped."] : []),
          "The weight average forgets half within a part of the steps, not with decay .9999.",
        ]
      : [
          "The weight average forgets half within a part of the steps, not with decay .9999.",
          `Dropout ${consistency.dropout} of the decoder's attention, not .5.`,
          "Stages of consistency tuning are eighths of the steps; c of its loss scales with the image side.",
        ]),
  ];
}

function choices({ pretraining, learningRate, batchSize, size }: EpgOptions): readonly string[] {
  const recipe = recipeOf(size);
  return [
    ...(pretraining.share === 0 ? ["No pre-training: the encoder starts at random."] : []),
    ...(pretraining.weights === "target" ? ["Fine-tuning starts from the pre-training target."] : []),
    ...(pretraining.temperature === "annealed"
      ? []
      : [
          `The temperature of the representation-consistency loss is ${pretraining.temperature}, not annealed.`,
        ]),
    ...(learningRate !== null && learningRate !== recipe.diffusion.learningRate
      ? [`Fine-tuning's learning rate is ${learningRate}.`]
      : []),
    ...(batchSize !== null && batchSize !== recipe.batchSize ? [`Batch ${batchSize}.`] : []),
  ];
}
