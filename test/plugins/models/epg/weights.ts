/** Checkpoints of small networks, written for tests. */
import { writeFileSync } from "node:fs";
import type { NamedArrays } from "../../../../harness/formats/safetensors.ts";
import type { Task } from "../../../../harness/plugin.ts";
import { type State, sizeOf } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { encoderStates, networkStates } from "../../../../plugins/models/epg/checkpoint.ts";
import type { NetworkShape } from "../../../../plugins/models/epg/network.ts";
import { networkShape, projectorShape, type SizeName } from "../../../../plugins/models/epg/sizes.ts";
import * as py from "../../../harness/formats/pickler.ts";

type FloatArrays = Readonly<
  Record<string, NamedArrays[string] & { readonly dtype: "float32"; readonly data: Float32Array }>
>;

/** Every parameter of a network, drawn at random, so that nothing in it is zero. */
export const randomWeights = (shape: NetworkShape, seed = 0): FloatArrays =>
  randomStates(networkStates(shape), seed);

/** Those of a pre-trained encoder with its projector. */
export const randomEncoder = (size: SizeName, task: Task, seed = 0): FloatArrays =>
  randomStates(encoderStates(networkShape(size, task), projectorShape(size)), seed);

function randomStates(states: readonly State[], seed: number): FloatArrays {
  const random = createStream(seed, "weights");
  return Object.fromEntries(
    states.map(({ name, value }) => {
      const data = new Float32Array(sizeOf(value.shape));
      random.stream(name).fillNormal(data);
      return [name, { dtype: "float32", shape: value.shape, data: data.map((z) => z * 0.05) }];
    }),
  );
}

/** As torch.save writes a state dict. */
export function writePth(path: string, tensors: NamedArrays): void {
  const saved = Object.entries(tensors).map(([name, array]) => {
    const strides = array.shape.map((_, axis) => sizeOf(array.shape.slice(axis + 1)));
    return [name, { storage: array, offset: 0, shape: array.shape, strides }] as const;
  });
  writeFileSync(path, py.torchZip(saved));
}

export const prefixed = (prefix: string, tensors: NamedArrays): NamedArrays =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
