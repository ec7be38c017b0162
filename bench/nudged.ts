/** Weights as training begins, but no parameter zero or one throughout: behind a gate of zeros any mistake is the same. */
import type { State, Tensor, Tensors } from "../harness/program/index.ts";
import type { Stream } from "../harness/random/index.ts";

const DEVIATION = 0.02;

/** The trainable ones of `states`, each with noise added to what it is in `initial`. */
export const nudged = (states: readonly State[], initial: Tensors, random: Stream): Tensors =>
  Object.fromEntries(
    states
      .filter(({ trainable }) => trainable)
      .map(({ name }) => [name, noisy(initial[name]!, random.stream("nudge", name))]),
  );

function noisy({ shape, data }: Tensor, random: Stream): Tensor {
  const noise = new Float32Array(data.length);
  random.fillNormal(noise);
  return { dtype: "float32", shape, data: noise.map((value, i) => data[i]! + DEVIATION * value) };
}
