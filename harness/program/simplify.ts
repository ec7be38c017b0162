/**
 * Rebuilding a graph from its results: what nothing reads is left out, equal computations are made once,
 * and, where asked, nodes are rewritten: composite operations as their decompositions, say.
 */
import { type Attribute, applyAll, type Node, type Op, type Value } from "./tensor.ts";

interface Results {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly updates: readonly { readonly name: string; readonly value: Value }[];
}

interface Graph extends Results {
  readonly nodes: readonly Node[];
}

/**
 * What a node is to be replaced by: as many values as it has outputs, made of `inputs` (the node's own,
 * rebuilt); null: it stays. What is put in its place is rewritten in turn.
 */
export type Rewrite = (node: Node, inputs: readonly Value[]) => readonly Value[] | null;

/** Replaces composite operations at nodes that `expand` accepts by their decompositions. */
export const decomposing =
  (expand: (node: Node) => boolean): Rewrite =>
  (node, inputs) =>
    node.op.decompose && expand(node) ? node.op.decompose(inputs, node.attributes) : null;

export function simplify({ outputs, updates }: Results, rewrite: Rewrite = () => null): Graph {
  const rebuilt = new Map<Value, Value>();
  const made = new Map<string, readonly Value[]>();
  const known = new Set<Value>();

  const resolve = (value: Value): Value => rebuilt.get(value) ?? value;
  const replace = (node: Node, results: readonly Value[]): void =>
    node.outputs.forEach((output, i) => {
      rebuilt.set(output, results[i]!);
    });
  const visit = (node: Node): void => {
    const inputs = node.inputs.map(resolve);
    const parts = rewrite(node, inputs);
    if (parts) {
      for (const part of reachable(parts, (value) => rebuilt.has(value) || known.has(value))) visit(part);
      replace(node, parts.map(resolve));
      return;
    }
    const key = keyOf(node.op, inputs, node.attributes);
    let results = made.get(key);
    if (!results) {
      const same = inputs.every((input, i) => input === node.inputs[i]);
      results = same ? node.outputs : applyAll(node.op, inputs, node.attributes);
      made.set(key, results);
      for (const value of results) known.add(value);
    }
    replace(node, results);
  };

  for (const node of reachable(rootsOf({ outputs, updates }), () => false)) visit(node);
  const results = {
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, resolve(value)])),
    updates: updates.map(({ name, value }) => ({ name, value: resolve(value) })),
  };
  return { ...results, nodes: reachable(rootsOf(results), () => false) };
}

const rootsOf = ({ outputs, updates }: Results): Value[] => [
  ...Object.values(outputs),
  ...updates.map(({ value }) => value),
];

/** Nodes that `roots` depend on, each after those it reads; the search ends at values `stop` accepts. */
export function reachable(roots: readonly Value[], stop: (value: Value) => boolean): readonly Node[] {
  const found = new Set<Node>();
  const pending = [...roots];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (!value.node || found.has(value.node) || stop(value)) continue;
    found.add(value.node);
    pending.push(...value.node.inputs);
  }
  // A node is made after its inputs, so the order of making is an order of reading.
  return [...found].sort((a, b) => a.outputs[0]!.id - b.outputs[0]!.id);
}

const dataIds = new WeakMap<object, number>();
let nextDataId = 0;

/** 0 and −0 are two numbers: their reciprocals differ. */
const told = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

function attributeKey(attribute: Attribute): string {
  if (typeof attribute === "number") return told(attribute);
  if (typeof attribute !== "object" || Array.isArray(attribute)) return String(attribute);
  const data = attribute as Exclude<Attribute, number | string | boolean | readonly number[]>;
  if (data.length <= 16) return Array.from(data, told).join();
  if (data.every((value) => Object.is(value, data[0]))) return `${data.length}×${told(data[0]!)}`;
  if (!dataIds.has(data)) dataIds.set(data, nextDataId++);
  return `#${dataIds.get(data)}`;
}

function keyOf(op: Op, inputs: readonly Value[], attributes: Node["attributes"]): string {
  const fields = Object.keys(attributes)
    .sort()
    .map((name) => `${name}=${attributeKey(attributes[name]!)}`);
  return `${op.name}(${inputs.map((input) => input.id)}){${fields.join(";")}}`;
}
