/** Reverse-mode differentiation: gradients are built from operations, so they cost, lower and run like any node. */
import { add } from "./ops/arithmetic.ts";
import { constant } from "./ops/constant.ts";
import { broadcastTo } from "./ops/shape.ts";
import { reachable } from "./simplify.ts";
import { type Node, sizeOf, type Value } from "./tensor.ts";

/**
 * ∂loss/∂v for each v of `variables`; zeros where the loss does not depend on it.
 * @param loss a scalar (one element)
 */
export function gradients(loss: Value, variables: readonly Value[]): readonly Value[] {
  if (sizeOf(loss.shape) !== 1) throw new Error(`gradients: the loss must be a scalar, got [${loss.shape}]`);
  const needed = new Set(variables);
  const collected = new Map<Value, Value>();
  const collect = (value: Value, g: Value | null): void => {
    if (!g || !needed.has(value)) return;
    const before = collected.get(value);
    collected.set(value, before ? add(before, g) : g);
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
    const { name, gradient, everyOutput, decompose } = node.op;
    if (gradient === "decompose") {
      const parts = decompose!(node.inputs, node.attributes);
      const within = reachable(parts, (value) => node.inputs.includes(value));
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
