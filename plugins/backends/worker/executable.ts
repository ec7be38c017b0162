/** A program in a worker, which keeps its state. */
import type { Executable } from "../../../harness/plugin.ts";
import type { Program, Tensor, Tensors } from "../../../harness/program/index.ts";
import { asElements } from "../../../harness/program/onnx/index.ts";
import { pickStates, requireInputs, requireKnown, stateNames, stateTypes, type Types } from "../tensors.ts";
import type { Payload, Payloads } from "./frames.ts";
import { needOf, OutOfMemory } from "./out-of-memory.ts";
import type { Worker } from "./process.ts";

let programs = 0;

/** @param spelled what the worker builds the program from; its tensors' names do not begin with "state " */
export async function compileIn(
  worker: Worker,
  program: Program,
  given: Tensors,
  spelled: { readonly header: Readonly<Record<string, unknown>>; readonly tensors: Payloads },
): Promise<Executable> {
  const state = pickStates(program, given);
  const { name } = program;
  const key = programs++;
  const types = stateTypes(program);
  const results = Object.keys(program.outputs);
  const states = Object.entries(payloads(state)).map(([key, tensor]) => [`state ${key}`, tensor] as const);
  await worker.ask(
    `compiling ${name}`,
    { do: "compile", program: key, ...spelled.header },
    { ...spelled.tensors, ...Object.fromEntries(states) },
  );
  /** Inputs that are there, or on their way; whether the device took them. */
  let sent: { readonly inputs: Tensors; readonly taken: Promise<unknown> } | null = null;
  const withNeed = (error: unknown): never => {
    if (!(error instanceof OutOfMemory)) throw error;
    throw new Error(`${error.message}; ${needOf(program, error.deviceBytes)}`);
  };
  return {
    program,
    async send(inputs) {
      requireInputs(program, inputs);
      const request = { do: "send", program: key };
      await new Promise<void>((written) => {
        const taken = worker.ask(`sending inputs of ${name}`, request, payloads(inputs), written);
        taken.catch(() => {});
        sent = { inputs, taken };
      });
    },
    async run(inputs) {
      requireInputs(program, inputs);
      const ahead = sent?.inputs === inputs ? sent : null;
      sent = null;
      const request = { do: "run", program: key, outputs: results, sent: ahead !== null };
      const running = worker.ask(`running ${name}`, request, ahead ? {} : payloads(inputs));
      // Where inputs were not taken, that is what went wrong.
      const outputs = await Promise.all([ahead?.taken, running]).then(([, outputs]) => outputs, withNeed);
      return answered(program, program.outputs, results, outputs);
    },
    async readState(names) {
      const wanted = stateNames(program, names);
      const found = await worker.ask(`reading the state of ${name}`, {
        do: "read",
        program: key,
        names: wanted,
      });
      return answered(program, types, wanted, found);
    },
    async writeState(tensors) {
      requireKnown("state", program, types, tensors);
      await worker.ask(`writing the state of ${name}`, { do: "write", program: key }, payloads(tensors));
    },
    async dispose() {
      await worker.ask(`letting ${name} go`, { do: "dispose", program: key });
    },
  };
}

const payloads = (tensors: Tensors): Payloads =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]): [string, Payload] => [
      name,
      { dtype: tensor.dtype, shape: tensor.shape, data: asElements(tensor) },
    ]),
  );

/** What was asked for, of the types it must have: a worker that computes something else is not believed. */
function answered(program: Program, types: Types, names: readonly string[], found: Payloads): Tensors {
  return Object.fromEntries(
    names.map((name) => {
      const { dtype, shape } = types[name]!;
      const tensor = found[name];
      if (tensor?.dtype !== dtype || tensor.shape.join() !== shape.join())
        throw new Error(
          `${program.name}: ${name} is ${dtype} [${shape}], its worker sent ${tensor ? `${tensor.dtype} [${tensor.shape}]` : "none"}`,
        );
      return [name, tensor as Tensor];
    }),
  );
}
