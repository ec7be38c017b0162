/** Weights of any size from one block of random numbers, so that making them takes no time. */
import { type State, sizeOf } from "../harness/program/index.ts";
import { createStream } from "../harness/random/index.ts";

/** Longer than any parameter of EPG-XL/16 or EPG-L/16. */
const BLOCK = 2 ** 24;

interface FloatTensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** @param apart give every parameter memory of its own, as weights that were read have */
export function randomWeights(states: readonly State[], apart = false): Record<string, FloatTensor> {
  const block = new Float32Array(BLOCK);
  createStream(0, "bench").fillUniform(block);
  for (let i = 0; i < BLOCK; i++) block[i] = (block[i]! - 0.5) * 0.05;
  return Object.fromEntries(
    states.map(({ name, value }) => {
      const part = block.subarray(0, sizeOf(value.shape));
      return [name, { dtype: "float32", shape: value.shape, data: apart ? part.slice() : part }];
    }),
  );
}
