/** The graph verifier: run after tracing, differentiation and lowering. Its errors are ours, not the user's. */

import type { TensorType, Value } from "./tensor.ts";
import type { Program } from "./trace.ts";

type Verifiable = Pick<Program, "name" | "inputs" | "states" | "nodes" | "outputs" | "updates">;

const sameType = (a: TensorType, b: TensorType): boolean =>
  a.dtype === b.dtype && a.shape.join() === b.shape.join();

export function verify(program: Verifiable): void {
  const fail = (problem: string): never => {
    throw new Error(`internal: program ${program.name}: ${problem}`);
  };
  const leaves = new Map<Value, string>();
  for (const [name, value] of Object.entries(program.inputs)) leaves.set(value, `input ${name}`);
  for (const { name, value } of program.states) leaves.set(value, `state ${name}`);
  const read = new Set<Value>();
  const made = new Set<Value>(leaves.keys());

  const requireMade = (value: Value, reader: string): void => {
    if (!made.has(value)) fail(`${reader} reads a value that nothing before it makes`);
    read.add(value);
  };
  for (const { op, inputs, outputs, attributes } of program.nodes) {
    for (const input of inputs) requireMade(input, op.name);
    const types = op.shape(inputs, attributes);
    if (types.length !== outputs.length || !types.every((type, i) => sameType(type, outputs[i]!)))
      fail(`outputs of ${op.name} are not of the types its rule gives`);
    for (const output of outputs) made.add(output);
  }
  for (const [name, value] of Object.entries(program.outputs)) requireMade(value, `output ${name}`);

  const states = new Map(program.states.map((state) => [state.name, state]));
  for (const { name, value } of program.updates) {
    requireMade(value, `update of ${name}`);
    const state = states.get(name);
    if (!state) fail(`update of ${name}, which is no state`);
    else if (!sameType(state.value, value))
      fail(`update of ${name} is [${value.shape}], the state [${state.value.shape}]`);
  }
  for (const { name, initialiser } of program.states)
    if (initialiser.kind === "copyOf" && !states.has(initialiser.state))
      fail(`state ${name} begins as a copy of ${initialiser.state}, which is no state`);
  for (const [name, value] of Object.entries(program.inputs))
    if (!read.has(value)) fail(`nothing reads input ${name}`);
}
