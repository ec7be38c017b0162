/** Drawing a step's inputs: every number is a function of the stage's stream, the step and the image's place in the batch. */
import type { BatchContext, ImageSource } from "../../../harness/plugin.ts";
import type { Tensor } from "../../../harness/program/index.ts";
import type { Stream } from "../../../harness/random/index.ts";
import type { ChannelScale } from "../solvers/pixels.ts";
import { normalise } from "./images.ts";

export const floats = (shape: readonly number[], data: Float32Array): Tensor => ({
  dtype: "float32",
  shape,
  data,
});

/** A float an image. */
export const column = (values: ArrayLike<number>): Tensor =>
  floats([values.length], Float32Array.from(values));

const integers = (values: ArrayLike<number>): Tensor => ({
  dtype: "int32",
  shape: [values.length],
  data: Int32Array.from(values),
});

/**
 * Which images each step takes: one random order of all after another, end to end.
 * @returns the indices of a step
 */
export function imageOrder({
  random,
  train,
  batchSize,
}: Pick<BatchContext, "random" | "train" | "batchSize">): (step: number) => number[] {
  let epoch = -1;
  let order: Int32Array = new Int32Array();
  const at = (position: number): number => {
    const wanted = Math.floor(position / train.length);
    if (wanted !== epoch) {
      epoch = wanted;
      order = random.stream("order", epoch).permutation(train.length);
    }
    return order[position % train.length]!;
  };
  return (step) => Array.from({ length: batchSize }, (_, k) => at(step * batchSize + k));
}

/** Unit noise, a stream an image: [batch, 3, side, side]. */
export function drawNoise(random: Stream, step: number, batch: number, side: number): Tensor {
  const size = 3 * side * side;
  const noise = new Float32Array(batch * size);
  for (let k = 0; k < batch; k++)
    random.stream("noise", step, k).fillNormal(noise.subarray(k * size, (k + 1) * size));
  return floats([batch, 3, side, side], noise);
}

/** uint8 images [batch, side, side, 3] normalised, each flipped with probability one half. */
export function drawImages(
  images: Uint8Array,
  random: Stream,
  step: number,
  batch: number,
  side: number,
  scales: readonly ChannelScale[],
): Tensor {
  const size = 3 * side * side;
  const out = new Float32Array(batch * size);
  for (let k = 0; k < batch; k++) {
    const flip = random.stream("flip", step, k).uniform() < 0.5;
    normalise(
      images.subarray(k * size, (k + 1) * size),
      side,
      scales,
      flip,
      out.subarray(k * size, (k + 1) * size),
    );
  }
  return floats([batch, 3, side, side], out);
}

/** Labels, each replaced by "no class" (the row after the last class) with probability `rate`. */
export function drawLabels(
  train: ImageSource,
  indices: readonly number[],
  random: Stream,
  step: number,
  classes: number,
  rate: number,
): Tensor {
  return integers(
    indices.map((index, k) =>
      classes === 0 || random.stream("label", step, k).uniform() < rate ? classes : train.label(index),
    ),
  );
}
