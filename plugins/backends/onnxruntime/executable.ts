/**
 * A program in an ONNX Runtime session. State lives in two sets of buffers: a run reads one and writes the
 * other, then they change places, so nothing is copied or allocated from step to step.
 */
import * as ort from "onnxruntime-node";
import type { Executable } from "../../../harness/plugin.ts";
import {
  type DType,
  type Program,
  sizeOf,
  type Tensor,
  type Tensors,
  type TensorType,
  toOnnx,
} from "../../../harness/program/index.ts";
import { stateInput, stateOutput } from "../../../harness/program/onnx/index.ts";

const sessionOptions = (threads: number): ort.InferenceSession.SessionOptions => ({
  executionProviders: ["cpu"],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  logSeverityLevel: 3,
  // Adam's second moments begin denormal, which is slow and means nothing.
  extra: { session: { set_denormal_as_zero: "1" } },
});

/** Compiles a program; one without updates takes its state as constants, which ONNX Runtime packs ahead. */
export async function compile(program: Program, state: Tensors, threads: number): Promise<Executable> {
  requireStates(program, state);
  const frozen = program.updates.length === 0;
  const model = toOnnx(program, frozen ? state : {});
  const session = await ort.InferenceSession.create(model, sessionOptions(threads));
  return frozen
    ? frozenExecutable(program, session, state, threads)
    : trainingExecutable(program, session, state);
}

function requireStates(program: Program, tensors: Tensors): void {
  for (const { name, value } of program.states) {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`${program.name}: state ${name} was not given`);
    if (tensor.shape.join() !== value.shape.join())
      throw new Error(`${program.name}: state ${name} is [${value.shape}], got [${tensor.shape}]`);
  }
}

function allocate({ dtype, shape }: TensorType): ort.Tensor {
  if (dtype === "float32") return new ort.Tensor("float32", new Float32Array(sizeOf(shape)), shape);
  if (dtype === "int32") return new ort.Tensor("int32", new Int32Array(sizeOf(shape)), shape);
  return new ort.Tensor("bool", new Uint8Array(sizeOf(shape)), shape);
}

function toOrt(name: string, tensor: Tensor | undefined, type: TensorType): ort.Tensor {
  if (!tensor) throw new Error(`input ${name} was not given`);
  if (tensor.shape.join() !== type.shape.join() || tensor.dtype !== type.dtype)
    throw new Error(`input ${name} is ${type.dtype} [${type.shape}], got ${tensor.dtype} [${tensor.shape}]`);
  return new ort.Tensor(type.dtype, tensor.data as Float32Array, type.shape);
}

const fromOrt = (tensor: ort.Tensor): Tensor => ({
  dtype: tensor.type as DType,
  shape: tensor.dims,
  data: tensor.data as Float32Array,
});

const feedsOf = (program: Program, inputs: Tensors): Record<string, ort.Tensor> =>
  Object.fromEntries(
    Object.entries(program.inputs).map(([name, value]) => [name, toOrt(name, inputs[name], value)]),
  );

function frozenExecutable(
  program: Program,
  first: ort.InferenceSession,
  initial: Tensors,
  threads: number,
): Executable {
  let session = first;
  let state = initial;
  return {
    program,
    async run(inputs) {
      const results = await session.run(feedsOf(program, inputs));
      return Object.fromEntries(Object.keys(program.outputs).map((name) => [name, fromOrt(results[name]!)]));
    },
    readState: async (names = program.states.map(({ name }) => name)) =>
      Object.fromEntries(names.map((name) => [name, state[name]!])),
    async writeState(tensors) {
      state = { ...state, ...tensors };
      requireStates(program, state);
      await session.release();
      session = await ort.InferenceSession.create(toOnnx(program, state), sessionOptions(threads));
    },
    dispose: () => session.release(),
  };
}

function trainingExecutable(program: Program, session: ort.InferenceSession, initial: Tensors): Executable {
  const updated = new Set(program.updates.map(({ name }) => name));
  let current: Record<string, ort.Tensor> = {};
  let next: Record<string, ort.Tensor> = {};
  for (const { name, value } of program.states) {
    current[name] = allocate(value);
    if (updated.has(name)) next[name] = allocate(value);
  }
  const write = (tensors: Tensors): void => {
    for (const [name, tensor] of Object.entries(tensors))
      (current[name]!.data as Float32Array).set(tensor.data);
  };
  write(Object.fromEntries(program.states.map(({ name }) => [name, initial[name]!])));

  return {
    program,
    async run(inputs) {
      const feeds = feedsOf(program, inputs);
      for (const { name } of program.states) feeds[stateInput(name)] = current[name]!;
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const name of Object.keys(program.outputs)) fetches[name] = null;
      for (const name of updated) fetches[stateOutput(name)] = next[name]!;
      const results = await session.run(feeds, fetches);
      const [before, after] = [current, next];
      current = { ...before, ...after };
      next = Object.fromEntries([...updated].map((name) => [name, before[name]!]));
      return Object.fromEntries(Object.keys(program.outputs).map((name) => [name, fromOrt(results[name]!)]));
    },
    readState: async (names = program.states.map(({ name }) => name)) =>
      Object.fromEntries(names.map((name) => [name, copyOf(current[name]!)])),
    async writeState(tensors) {
      const states = new Map(program.states.map((state) => [state.name, state.value]));
      for (const [name, tensor] of Object.entries(tensors)) {
        const value = states.get(name);
        if (!value || value.shape.join() !== tensor.shape.join())
          throw new Error(
            `${program.name}: state ${name} is [${value?.shape ?? "unknown"}], got [${tensor.shape}]`,
          );
      }
      write(tensors);
    },
    dispose: () => session.release(),
  };
}

const copyOf = (tensor: ort.Tensor): Tensor => ({
  ...fromOrt(tensor),
  data: (tensor.data as Float32Array).slice(),
});
