/**
 * A program in an ONNX Runtime session. State lives in two sets of buffers: a run reads one and writes the
 * other, then they change places, so nothing is copied or allocated from step to step.
 */
import * as ort from "onnxruntime-node";
import type { Executable } from "../../../harness/plugin.ts";
import {
  bytesOf,
  type DType,
  type Program,
  sizeOf,
  type Tensor,
  type Tensors,
  type TensorType,
  toOnnx,
} from "../../../harness/program/index.ts";
import { asElements, stateInput, stateOutput } from "../../../harness/program/onnx/index.ts";
import { pickStates, requireInputs, requireKnown, stateNames, stateTypes } from "../tensors.ts";
import { blockedConvolution } from "./blocked-convolution.ts";
import type { Device } from "./device.ts";
import { deviceExecutable, keptOnDevice } from "./on-device.ts";

/** Where sessions compute. */
export interface Engine {
  readonly device: Device;
  readonly threads: number;
  /** Channels a block, where convolutions have kernels for such (`channelsABlock`). */
  readonly block?: number | null;
}

export const sessionOptions = ({ device, threads }: Engine): ort.InferenceSession.SessionOptions => ({
  executionProviders: [device],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  logSeverityLevel: 3,
  extra: {
    session: {
      // Adam's second moments begin denormal, which is slow and means nothing.
      set_denormal_as_zero: "1",
      // Else threads go on spinning between two runs, on the cores that prepare the next batch.
      force_spinning_stop: "1",
      // Else what a device has no kernel for would quietly be computed here.
      ...(device !== "cpu" && { disable_cpu_ep_fallback: "1" }),
    },
  },
});

/** A model in memory is one protobuf message, of at most 2 GiB, and is copied as it is read. */
const MOST_BAKED_BYTES = 1.5e9;

/**
 * Compiles a program; one without updates takes its state as constants, which ONNX Runtime packs ahead, or, where
 * they are more than `mostBaked` bytes, reads it where it lies: then nothing is copied.
 */
export async function compile(
  program: Program,
  given: Tensors,
  engine: Engine,
  mostBaked = MOST_BAKED_BYTES,
): Promise<Executable> {
  const state = pickStates(program, given);
  const constant = program.updates.length === 0;
  const frozen = constant && program.states.reduce((sum, { value }) => sum + bytesOf(value), 0) <= mostBaked;
  // What is constant ONNX Runtime arranges itself, across several nodes.
  const baked = new Set(frozen ? program.states.map(({ value }) => value) : []);
  const blocked = blockedConvolution(engine.block ?? null);
  const model = toOnnx(program, frozen ? state : {}, {
    lowering: (node) => (node.inputs.some((input) => baked.has(input)) ? null : blocked(node)),
  });
  const session = await ort.InferenceSession.create(model, {
    ...sessionOptions(engine),
    ...(engine.device === "webgpu" && { preferredOutputLocation: keptOnDevice(program) }),
  });
  if (frozen) return frozenExecutable(program, session, state, engine);
  if (constant) return borrowingExecutable(program, session, state);
  return engine.device === "webgpu"
    ? deviceExecutable(program, session, state, engine)
    : trainingExecutable(program, session, state);
}

function allocate({ dtype, shape }: TensorType): ort.Tensor {
  if (dtype === "float32") return new ort.Tensor("float32", new Float32Array(sizeOf(shape)), shape);
  if (dtype === "int32") return new ort.Tensor("int32", new Int32Array(sizeOf(shape)), shape);
  return new ort.Tensor("bool", new Uint8Array(sizeOf(shape)), shape);
}

export const fromOrt = (tensor: ort.Tensor): Tensor => ({
  dtype: tensor.type as DType,
  shape: tensor.dims,
  data: tensor.data as Float32Array,
});

export function feedsOf(program: Program, inputs: Tensors): Record<string, ort.Tensor> {
  requireInputs(program, inputs);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [
      name,
      new ort.Tensor(tensor.dtype, asElements(tensor) as Float32Array, tensor.shape),
    ]),
  );
}

export const outputsOf = (program: Program, results: ort.InferenceSession.ReturnType): Tensors =>
  Object.fromEntries(
    Object.keys(program.outputs).map((name) => [name, fromOrt(results[name]! as ort.Tensor)]),
  );

function frozenExecutable(
  program: Program,
  first: ort.InferenceSession,
  initial: Tensors,
  engine: Engine,
): Executable {
  let session = first;
  let state = copiesOf(initial);
  return {
    program,
    run: async (inputs) => outputsOf(program, await session.run(feedsOf(program, inputs))),
    readState: async (names) =>
      copiesOf(Object.fromEntries(stateNames(program, names).map((name) => [name, state[name]!]))),
    async writeState(tensors) {
      requireKnown("state", program, stateTypes(program), tensors);
      state = { ...state, ...copiesOf(tensors) };
      await session.release();
      session = await ort.InferenceSession.create(toOnnx(program, state), sessionOptions(engine));
    },
    dispose: () => session.release(),
  };
}

/** Its states are inputs of every run, in the caller's own memory. */
function borrowingExecutable(program: Program, session: ort.InferenceSession, initial: Tensors): Executable {
  let state = initial;
  let feeds = stateFeeds(state);
  return {
    program,
    run: async (inputs) => outputsOf(program, await session.run({ ...feedsOf(program, inputs), ...feeds })),
    readState: async (names) =>
      copiesOf(Object.fromEntries(stateNames(program, names).map((name) => [name, state[name]!]))),
    async writeState(tensors) {
      requireKnown("state", program, stateTypes(program), tensors);
      state = { ...state, ...copiesOf(tensors) };
      feeds = stateFeeds(state);
    },
    dispose: () => session.release(),
  };
}

export const stateFeeds = (state: Tensors): Record<string, ort.Tensor> =>
  Object.fromEntries(
    Object.entries(state).map(([name, tensor]) => [
      stateInput(name),
      new ort.Tensor(tensor.dtype, asElements(tensor) as Float32Array, tensor.shape),
    ]),
  );

function trainingExecutable(program: Program, session: ort.InferenceSession, initial: Tensors): Executable {
  const updated = program.updates.map(({ name }) => name);
  const types = stateTypes(program);
  let current = Object.fromEntries(program.states.map(({ name, value }) => [name, allocate(value)]));
  let next = Object.fromEntries(updated.map((name) => [name, allocate(types[name]!)]));
  const write = (tensors: Tensors): void => {
    for (const [name, tensor] of Object.entries(tensors))
      (current[name]!.data as Float32Array).set(tensor.data);
  };
  write(initial);

  return {
    program,
    async run(inputs) {
      const feeds = feedsOf(program, inputs);
      for (const { name } of program.states) feeds[stateInput(name)] = current[name]!;
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const name of Object.keys(program.outputs)) fetches[name] = null;
      for (const name of updated) fetches[stateOutput(name)] = next[name]!;
      const results = await session.run(feeds, fetches);
      const before = current;
      current = { ...before, ...next };
      next = Object.fromEntries(updated.map((name) => [name, before[name]!]));
      return outputsOf(program, results);
    },
    readState: async (names) =>
      copiesOf(Object.fromEntries(stateNames(program, names).map((name) => [name, fromOrt(current[name]!)]))),
    async writeState(tensors) {
      requireKnown("state", program, types, tensors);
      write(tensors);
    },
    dispose: () => session.release(),
  };
}

export const copiesOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      { dtype: tensor.dtype, shape: tensor.shape, data: tensor.data.slice() },
    ]),
  );
