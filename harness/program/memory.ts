/** Memory a program needs while it runs, from how long each of its values is read. */
import { bytesOf, type Value } from "./tensor.ts";
import type { Program } from "./trace.ts";

/** What gives its input's memory another shape and takes none itself. */
const VIEWS: ReadonlySet<string> = new Set([
  "reshape",
  "transpose",
  "broadcast",
  "slice",
  "split",
  "stopGradient",
]);

export interface PeakMemory {
  /** Of the states, which are held throughout. What updates put in their place is among the values. */
  readonly stateBytes: number;
  /** Most bytes of inputs and computed values alive at once, where nodes run in order and let go what is read no more. */
  readonly valueBytes: number;
}

/**
 * A lower bound where a backend keeps more, an upper one where it fuses operations, or reuses the memory of states
 * that are updated; the workspace of kernels and of the backend itself comes on top.
 */
export function peakMemory({ inputs, states, nodes, outputs, updates }: Program): PeakMemory {
  const owners = new Map<Value, Value>();
  const ownerOf = (value: Value): Value => owners.get(value) ?? value;
  for (const { op, inputs: read, outputs: made } of nodes)
    if (VIEWS.has(op.name)) for (const value of made) owners.set(value, ownerOf(read[0]!));
  const lastRead = new Map<Value, number>();
  nodes.forEach((node, at) => {
    for (const value of [...node.inputs, ...node.outputs]) lastRead.set(ownerOf(value), at);
  });
  const results = [...Object.values(outputs), ...updates.map(({ value }) => value)];
  for (const value of results) lastRead.set(ownerOf(value), nodes.length);

  const held = new Set<Value>(states.map(({ value }) => value));
  const ending: Value[][] = nodes.map(() => []);
  for (const [value, at] of lastRead) if (at < nodes.length && !held.has(value)) ending[at]!.push(value);
  let alive = Object.values(inputs).reduce((bytes, value) => bytes + bytesOf(value), 0);
  let valueBytes = alive;
  nodes.forEach(({ outputs: made }, at) => {
    for (const value of made) if (!owners.has(value)) alive += bytesOf(value);
    valueBytes = Math.max(valueBytes, alive);
    for (const value of ending[at]!) alive -= bytesOf(value);
  });
  const stateBytes = states.reduce((bytes, { value }) => bytes + bytesOf(value), 0);
  return { stateBytes, valueBytes };
}
