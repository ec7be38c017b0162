/** Reverse-mode differentiation: gradients are built from operations, so they cost, lower and run like any node. */
import { add } from "./ops/arithmetic.ts";
import { constant } from "./ops/constant.ts";
import { broadcastTo } from "./ops/shape.ts";
import { reachable } from "./simplify.ts";
import { sizeOf, type Value } from "./tensor.ts";

/**
 * ∂loss/∂v for each v of `variables`; zeros where the loss does not depend on it.
 * @param loss a scalar (one element)
 */
export function gradients(loss: Value, variables: readonly Value[]): readonly Value[] {
  if (sizeOf(loss.shape) !== 1) throw new Error(`gradients: the loss must be a scalar, got [${loss.shape}]`);
  const needed = dependents(loss, variables);
  const collected = new Map<Value, Value>([[loss, broadcastTo(constant(1), loss.shape)]]);
  for (const node of [...reachable([loss], () => false)].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    const outer = node.outputs.map((output) => collected.get(output) ?? null);
    if (outer.every((g) => g === null)) continue;
    if (!node.op.everyOutput && outer.slice(1).some((g) => g !== null))
      throw new Error(`gradients: ${node.op.name} is differentiated through its first output only`);
    node.op.gradient(node, outer).forEach((g, i) => {
      const input = node.inputs[i]!;
      if (!g || !needed.has(input)) return;
      const before = collected.get(input);
      collected.set(input, before ? add(before, g) : g);
    });
  }
  return variables.map((variable) => collected.get(variable) ?? broadcastTo(constant(0), variable.shape));
}

/** Values on a path from `variables` to `loss`. */
function dependents(loss: Value, variables: readonly Value[]): ReadonlySet<Value> {
  const needed = new Set(variables);
  for (const { inputs, outputs, op } of reachable([loss], () => false))
    if (op.name !== "stopGradient" && inputs.some((input) => needed.has(input)))
      for (const output of outputs) needed.add(output);
  return needed;
}
