/**
 * A training program in an ONNX Runtime session. State lives in two sets of buffers: a run reads one and writes the
 * other, then they change places, so nothing is copied or allocated from step to step.
 */
import * as ort from "onnxruntime-node";
import type { Executable } from "../../../harness/plugin.ts";
import { type Program, sizeOf, type Tensors, type TensorType } from "../../../harness/program/index.ts";
import { stateInput, stateOutput } from "../../../harness/program/onnx/index.ts";
import { requireKnown, stateNames, stateTypes, type Types } from "../tensors.ts";
import { copiesOf, feedsOf, fromOrt } from "./executable.ts";

type Buffers = Readonly<Record<string, ort.Tensor>>;

/**
 * A first result that onnxruntime-node can't give to JavaScript. After a run it copies every result into memory of its
 * own, also those that were written where they were asked for, all of a training's state: a fifth of a step, and a
 * garbage collection. At a sequence it gives up, before the first copy. (Upstream: microsoft/onnxruntime#32346. A
 * version that knows sequences returns, and nothing else changes.)
 */
export const UNREADABLE = "unreadable:";
const GIVEN_UP = "Non tensor type is temporarily not supported.";

export function trainingExecutable(
  program: Program,
  session: ort.InferenceSession,
  initial: Tensors,
): Executable {
  const types = stateTypes(program);
  const updated = program.updates.map(({ name }) => name);
  const outputs = allocated(program.outputs);
  const told = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, fromOrt(tensor)]));
  const unreadable = session.outputNames.includes(UNREADABLE) ? { [UNREADABLE]: null } : {};
  const way = (from: Buffers, to: Buffers) => ({
    from,
    feeds: Object.fromEntries(Object.entries(from).map(([name, buffer]) => [stateInput(name), buffer])),
    fetches: {
      ...unreadable,
      ...outputs,
      ...Object.fromEntries(updated.map((name) => [stateOutput(name), to[name]!])),
    },
  });
  const first = allocated(types);
  const second = {
    ...first,
    ...allocated(Object.fromEntries(updated.map((name) => [name, types[name]!]))),
  };
  let [forth, back] = [way(first, second), way(second, first)];
  const write = (tensors: Tensors): void => {
    for (const [name, tensor] of Object.entries(tensors))
      (forth.from[name]!.data as Float32Array).set(tensor.data);
  };
  write(initial);

  return {
    program,
    async run(inputs) {
      const feeds = { ...forth.feeds, ...feedsOf(program, inputs) };
      await session.run(feeds, forth.fetches).catch((error: Error) => {
        if (error.message !== GIVEN_UP) throw error;
      });
      [forth, back] = [back, forth];
      return copiesOf(told);
    },
    readState: async (names) =>
      copiesOf(
        Object.fromEntries(stateNames(program, names).map((name) => [name, fromOrt(forth.from[name]!)])),
      ),
    async writeState(tensors) {
      requireKnown("state", program, types, tensors);
      write(tensors);
    },
    dispose: () => session.release(),
  };
}

const allocated = (types: Types): Buffers =>
  Object.fromEntries(Object.entries(types).map(([name, type]) => [name, allocate(type)]));

function allocate({ dtype, shape }: TensorType): ort.Tensor {
  if (dtype === "float32") return new ort.Tensor("float32", new Float32Array(sizeOf(shape)), shape);
  if (dtype === "int32") return new ort.Tensor("int32", new Int32Array(sizeOf(shape)), shape);
  return new ort.Tensor("bool", new Uint8Array(sizeOf(shape)), shape);
}
