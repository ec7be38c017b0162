/** A program in an ONNX Runtime session. */
import * as ort from "onnxruntime-node";
import type { Executable } from "../../../harness/plugin.ts";
import { bytesOf, type Program, type Tensor, type Tensors, toOnnx } from "../../../harness/program/index.ts";
import { asElements, stateInput } from "../../../harness/program/onnx/index.ts";
import { pickStates, requireInputs, requireKnown, stateNames, stateTypes } from "../tensors.ts";
import { blockedConvolution } from "./blocked-convolution.ts";
import type { Device } from "./device.ts";
import { deviceExecutable, keptOnDevice } from "./on-device.ts";
import { trainingExecutable, UNREADABLE } from "./training.ts";

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
    ...(!constant && engine.device === "cpu" && { emptySequence: UNREADABLE }),
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

export const fromOrt = (tensor: ort.Tensor): Tensor => ({
  dtype: tensor.type as Tensor["dtype"],
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

export const copiesOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      { dtype: tensor.dtype, shape: tensor.shape, data: tensor.data.slice() },
    ]),
  );
