/** Reverse-mode differentiation: gradients are built from operations, so they cost, lower and run like any node. */
import { add } from "./ops/arithmetic.ts";
import { constant } from "./ops/constant.ts";
import { waitFor } from "./ops/ready.ts";
import { broadcastTo } from "./ops/shape.ts";
import { reachable } from "./simplify.ts";
import { type Node, since, sizeOf, type Value } from "./tensor.ts";

/**
 * ∂loss/∂v for each v of `variables`; zeros where the loss does not depend on it.
 * @param loss a scalar (one element)
 */
export function gradients(loss: Value, variables: readonly Value[]): readonly Value[] {
  if (sizeOf(loss.shape) !== 1) throw new Error(`gradients: the loss must be a scalar, got [${loss.shape}]`);
  const needed = new Set(variables);
  const collected = new Map<Value, Value>();
  /** Of inputs that wait, what they are: gradients are added up in the same order as if nothing did. */
  const original = new Map<Value, Value>();
  const collect = (value: Value, g: Value | null): void => {
    const of = original.get(value) ?? value;
    if (!g || !needed.has(of)) return;
    const before = collected.get(of);
    collected.set(of, before ? add(before, g) : g);
  };
  /** From the results of `nodes`, which are in an order of reading, to what they read. */
  const passBack = (nodes: readonly Node[], results: readonly (readonly [Value, Value | null])[]): void => {
    markDependents(nodes, needed);
    for (const [value, g] of results) collect(value, g);
    for (const node of [...nodes].reverse()) visit(node);
  };
  const visit = (node: Node): void => {
    const outer = node.outputs.map((output) => collected.get(output) ?? null);
    if (outer.every((g) => g === null)) return;
    const { name, gradient, everyOutput, decompose, recomputed } = node.op;
    if (gradient === "decompose") {
      const { made: parts, isOlder } = since(() =>
        decompose!(recomputed ? delayed(node.inputs, outer[0]!) : node.inputs, node.attributes),
      );
      const within = reachable(parts, isOlder);
      passBack(
        within,
        parts.map((part, i) => [part, outer[i]!] as const),
      );
      return;
    }
    if (!everyOutput && outer.slice(1).some((g) => g !== null))
      throw new Error(`gradients: ${name} is differentiated through its first output only`);
    gradient(node, outer).forEach((g, i) => {
      collect(node.inputs[i]!, g);
    });
  };
  const waitedFor = new Set<Value>();
  /**
   * The inputs of a block that is computed anew, once the gradient of its output is there and, so that nothing behind it is
   * kept for them, all gradients of `variables` found so far. What is given, as weights are, is there anyway.
   */
  const delayed = (inputs: readonly Value[], g: Value): readonly Value[] => {
    const found = variables.flatMap((variable) => collected.get(variable) ?? []);
    const others = [g, ...found.filter((one) => !waitedFor.has(one))];
    for (const one of found) waitedFor.add(one);
    return inputs.map((input) => {
      if (!input.node) return input;
      const waiting = waitFor(input, others);
      original.set(waiting, input);
      return waiting;
    });
  };
  passBack(
    reachable([loss], () => false),
    [[loss, broadcastTo(constant(1), loss.shape)]],
  );
  return variables.map((variable) => collected.get(variable) ?? broadcastTo(constant(0), variable.shape));
}

/** Adds to `needed` what depends on what is in it. */
function markDependents(nodes: readonly Node[], needed: Set<Value>): void {
  for (const { inputs, outputs, op } of nodes)
    if (op.name !== "stopGradient" && inputs.some((input) => needed.has(input)))
      for (const output of outputs) needed.add(output);
}
