/** What both training stages share: the order of images, the learning rate, the average of the weights. */
import { UserError } from "../../../harness/errors.ts";
import type { BatchContext } from "../../../harness/plugin.ts";
import type { Shape, Tensor, Tensors } from "../../../harness/program/index.ts";
import type { Stream } from "../../../harness/random/index.ts";

/**
 * Which images a step trains on: every epoch in an order of its own, its last partial batch dropped.
 * @throws UserError where the images do not fill one batch
 */
export function batchOrder({ train, batchSize, random }: BatchContext): (step: number) => readonly number[] {
  const batches = Math.floor(train.length / batchSize);
  if (batches === 0)
    throw new UserError(
      `batchSize is ${batchSize}, but there are ${train.length} training images`,
      `use a batchSize of at most ${train.length}, or more images`,
    );
  let drawn: { epoch: number; order: Int32Array } = { epoch: -1, order: new Int32Array() };
  return (step) => {
    const epoch = Math.floor(step / batches);
    if (drawn.epoch !== epoch)
      drawn = { epoch, order: random.stream("order", epoch).permutation(train.length) };
    const start = (step % batches) * batchSize;
    return [...drawn.order.subarray(start, start + batchSize)];
  };
}

/** The same, of n images, and n + i for image i mirrored, as half of them are with `flip`. */
export function rowOrder(context: BatchContext, flip: boolean): (step: number) => readonly number[] {
  const order = batchOrder(context);
  return (step) => {
    const coins = context.random.stream("flip", step);
    return order(step).map((image) => (flip && coins.uniform() < 0.5 ? image + context.train.length : image));
  };
}

export interface LearningRate {
  readonly peak: number;
  /** "cosine": a linear warm-up over the first twentieth of the steps, then a half cosine down to 0. */
  readonly schedule: "constant" | "cosine";
}

export function learningRateAt(step: number, steps: number, { peak, schedule }: LearningRate): number {
  if (schedule === "constant") return peak;
  const warmUp = Math.ceil(steps / 20);
  if (step < warmUp) return (peak * (step + 1)) / warmUp;
  return (peak * (1 + Math.cos((Math.PI * (step - warmUp)) / (steps - warmUp)))) / 2;
}

/** DiT's decay, held back while training is young and to a half-life of at most a twentieth of it. */
export const averageDecayAt = (step: number, steps: number): number =>
  Math.min(0.9999, (1 + step) / (10 + step), 0.5 ** (20 / steps));

/** The averaged weights, under the parameters' own names. */
export function averagesOf(state: Tensors): Tensors {
  const prefix = "ema/";
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

/** A float32 tensor of standard normals. */
export function normalTensor(random: Stream, shape: Shape): Tensor {
  const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
  random.fillNormal(data);
  return { dtype: "float32", shape, data };
}

export const int32Tensor = (values: ArrayLike<number>): Tensor => ({
  dtype: "int32",
  shape: [values.length],
  data: Int32Array.from(values),
});
