/** The memory of a run of a program, were every value freed after its last use. */
import { bytesOf, type Value } from "./tensor.ts";
import type { Program } from "./trace.ts";

/**
 * Most bytes of computed values alive at once, in the program's own order: beside its states and inputs. New states take the
 * place of the old ones, and a reshaped value that of what it was.
 */
export function peakBytes({ nodes, outputs, updates }: Program): number {
  const inPlace = new Set(updates.map(({ value }) => value));
  const lastUse = new Map<Value, number>();
  nodes.forEach((node, at) => {
    for (const value of [...node.outputs, ...node.inputs]) lastUse.set(memoryOf(value), at);
  });
  for (const value of Object.values(outputs)) lastUse.set(memoryOf(value), nodes.length);
  let alive = 0;
  let peak = 0;
  nodes.forEach((node, at) => {
    for (const value of node.outputs) if (takes(value)) alive += bytesOf(value);
    peak = Math.max(peak, alive);
    for (const value of new Set([...node.outputs, ...node.inputs].map(memoryOf)))
      if (takes(value) && lastUse.get(value) === at) alive -= bytesOf(value);
  });
  return peak;

  function takes(value: Value): boolean {
    const own = value.node !== null && value.node.op.name !== "constant";
    return own && memoryOf(value) === value && !inPlace.has(value);
  }
}

/** The value whose memory a value lies in. */
const memoryOf = (value: Value): Value =>
  value.node?.op.name === "reshape" ? memoryOf(value.node.inputs[0]!) : value;
