/**
 * A training program whose state stays on the device: what a run makes of it is the next run's input. onnxruntime-node
 * keeps outputs on the device for WebGPU alone; on CUDA state goes through host memory (executable.ts).
 */
import * as ort from "onnxruntime-node";
import type { Executable } from "../../../harness/plugin.ts";
import {
  type Program,
  stopGradient,
  type Tensors,
  toOnnx,
  trace,
  zeros,
} from "../../../harness/program/index.ts";
import { stateInput, stateOutput } from "../../../harness/program/onnx/index.ts";
import { requireKnown, stateNames, stateTypes } from "../tensors.ts";
import {
  copiesOf,
  type Engine,
  feedsOf,
  fromOrt,
  outputsOf,
  sessionOptions,
  stateFeeds,
} from "./executable.ts";

/** Where the session is to leave what it makes. */
export const keptOnDevice = ({ outputs, updates }: Program): Record<string, "cpu" | "gpu-buffer"> => ({
  ...Object.fromEntries(Object.keys(outputs).map((name) => [name, "cpu"] as const)),
  ...Object.fromEntries(updates.map(({ name }) => [stateOutput(name), "gpu-buffer"] as const)),
});

export function deviceExecutable(
  program: Program,
  session: ort.InferenceSession,
  initial: Tensors,
  engine: Engine,
): Executable {
  const types = stateTypes(program);
  const updated = program.updates.map(({ name }) => name);
  /** In host memory until a run has made the next. */
  let state = stateFeeds(copiesOf(initial));
  const replace = (next: Record<string, ort.Tensor>): void => {
    for (const key of Object.keys(next)) state[key]!.dispose();
    state = { ...state, ...next };
  };
  let reader: Promise<ort.InferenceSession> | null = null;
  return {
    program,
    async run(inputs) {
      const results = await session.run({ ...feedsOf(program, inputs), ...state });
      replace(
        Object.fromEntries(
          updated.map((name) => [stateInput(name), results[stateOutput(name)] as ort.Tensor]),
        ),
      );
      return outputsOf(program, results);
    },
    async readState(names) {
      const wanted = stateNames(program, names);
      const held = wanted.map((name) => state[stateInput(name)]!);
      if (held.every(({ location }) => location === "cpu"))
        return copiesOf(Object.fromEntries(wanted.map((name, i) => [name, fromOrt(held[i]!)])));
      reader ??= ort.InferenceSession.create(toOnnx(reading(program)), sessionOptions(engine));
      const results = await (await reader).run(state);
      return Object.fromEntries(
        wanted.map((name) => [name, fromOrt(results[stateOutput(name)] as ort.Tensor)]),
      );
    },
    async writeState(tensors) {
      requireKnown("state", program, types, tensors);
      replace(stateFeeds(copiesOf(tensors)));
    },
    async dispose() {
      for (const tensor of Object.values(state)) tensor.dispose();
      await (await reader)?.release();
      await session.release();
    },
  };
}

/** Every state as it is: onnxruntime-node downloads nothing but what a session was to leave in host memory. */
const reading = ({ name, states }: Program): Program =>
  trace(`${name} state`, (p) => {
    for (const { name: key, value } of states) p.update(key, stopGradient(p.state(key, value.shape, zeros)));
  });
