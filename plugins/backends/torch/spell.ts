/** A program as plain data: JSON for its graph, tensors for its constants. */
import {
  hostType,
  type Node,
  type Program,
  type TensorData,
  type Value,
} from "../../../harness/program/index.ts";
import { asElements } from "../../../harness/program/onnx/index.ts";
import type { Payload, Payloads } from "../worker/frames.ts";

type Leaf = readonly [name: string, value: number, shape: readonly number[]];
type Result = readonly [name: string, value: number];
type SpelledNode = readonly [
  op: string,
  inputs: readonly number[],
  attributes: Readonly<Record<string, unknown>>,
  outputs: readonly (readonly [value: number, shape: readonly number[], read: boolean])[],
];

/** Values are numbers, those of `Value.id`. */
interface Spec {
  readonly name: string;
  readonly inputs: readonly Leaf[];
  readonly states: readonly Leaf[];
  readonly nodes: readonly SpelledNode[];
  readonly outputs: readonly Result[];
  readonly updates: readonly Result[];
}

export interface Spelled {
  readonly spec: Spec;
  /** `constant 0`, `constant 1`, …: what the attribute `data` of constants counts. */
  readonly constants: Payloads;
}

export function spell(program: Program): Spelled {
  const constants: Record<string, Payload> = {};
  const read = new Set<Value>([
    ...program.nodes.flatMap(({ inputs }) => inputs),
    ...Object.values(program.outputs),
    ...program.updates.map(({ value }) => value),
  ]);
  let count = 0;
  const attribute = (node: Node, value: unknown): unknown => {
    if (ArrayBuffer.isView(value)) {
      const [{ shape }, dtype] = [node.outputs[0]!, hostType(node.outputs[0]!)];
      const data = asElements({ dtype, shape, data: value as TensorData });
      constants[`constant ${count}`] = { dtype, shape, data };
      return count++;
    }
    // JSON has no infinities; worker.py reads such a word as a number.
    return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  };
  const nodes = program.nodes.map(
    (node): SpelledNode => [
      node.op.name,
      node.inputs.map(({ id }) => id),
      Object.fromEntries(
        Object.entries(node.attributes).map(([name, value]) => [name, attribute(node, value)]),
      ),
      node.outputs.map((value) => [value.id, value.shape, read.has(value)]),
    ],
  );
  const leaf = (name: string, { id, shape }: Value): Leaf => [name, id, shape];
  return {
    spec: {
      name: program.name,
      inputs: Object.entries(program.inputs).map(([name, value]) => leaf(name, value)),
      states: program.states.map(({ name, value }) => leaf(name, value)),
      nodes,
      outputs: Object.entries(program.outputs).map(([name, { id }]) => [name, id]),
      updates: program.updates.map(({ name, value }) => [name, value.id]),
    },
    constants,
  };
}
