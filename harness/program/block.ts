/** Recomputation (arXiv:1604.06174): what a block of a network computes is not kept for the backward pass but computed anew. */
import { reachable } from "./simplify.ts";
import { apply, applyAll, type Op, since, type Value } from "./tensor.ts";

/**
 * What `body` makes, as one operation that `gradients` computes anew; `trace` puts what it is made of in its place.
 * Kept are values made before `body` and parameters.
 */
export function recomputedBlock(body: () => Value): Value {
  const { made: result, isOlder } = since(body);
  const nodes = reachable([result], isOlder);
  if (nodes.length === 0) return result;
  const inner = new Set(nodes.flatMap(({ outputs }) => outputs));
  const inputs = [...new Set(nodes.flatMap((node) => node.inputs))].filter((value) => !inner.has(value));
  const block: Op = {
    name: "block",
    recomputed: true,
    shape: () => [{ dtype: result.dtype, shape: result.shape }],
    gradient: "decompose",
    onnx: "decompose",
    cost: () =>
      nodes
        .map((node) => node.op.cost(node.inputs, node.outputs, node.attributes))
        .reduce((a, b) => ({ macs: a.macs + b.macs, elementwise: a.elementwise + b.elementwise })),
    decompose(given) {
      const values = new Map(inputs.map((value, i) => [value, given[i]!]));
      for (const node of nodes) {
        const own = node.inputs.map((value) => values.get(value)!);
        applyAll(node.op, own, node.attributes).forEach((output, i) => {
          values.set(node.outputs[i]!, output);
        });
      }
      return [values.get(result)!];
    },
  };
  return apply(block, inputs);
}
