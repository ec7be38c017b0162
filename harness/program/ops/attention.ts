/** Scaled dot-product attention. */
import { applyAll, type Op, type Value } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduction.ts";
import { requireFloat, requireRank, requireShape } from "./shared.ts";
import { softmax } from "./softmax.ts";

/**
 * O = P·V, P = softmax(scale·Q·Kᵀ) for q, k, v [batch, heads, tokens, width] (arXiv:1706.03762 eq. 1).
 * Outputs O and P; P is what the backward pass needs: ∂V = Pᵀ·G, ∂P = G·Vᵀ, ∂S = P·(∂P − Σ ∂P·P).
 */
export const attentionOp: Op = {
  name: "attention",
  shape: ([q, k, v]) => {
    requireFloat("attention", q!, k!, v!);
    requireRank("attention", q!, 4);
    requireRank("attention", k!, 4);
    requireRank("attention", v!, 4);
    const [batch, heads, tokens, width] = q!.shape as readonly [number, number, number, number];
    requireShape("attention", "k", k!, [batch, heads, k!.shape[2]!, width]);
    requireShape("attention", "v", v!, [batch, heads, k!.shape[2]!, v!.shape[3]!]);
    return [
      { dtype: "float32", shape: [batch, heads, tokens, v!.shape[3]!] },
      { dtype: "float32", shape: [batch, heads, tokens, k!.shape[2]!] },
    ];
  },
  gradient: ({ inputs, outputs, attributes }, [g]) => {
    const [q, k, v] = inputs as readonly [Value, Value, Value];
    const p = outputs[1]!;
    const weighted = mul(matmul(g!, v, { transposeB: true }), p);
    const scores = mul(sub(weighted, mul(p, sum(weighted, [-1], true))), attributes.scale as number);
    return [matmul(scores, k), matmul(scores, q, { transposeA: true }), matmul(p, g!, { transposeA: true })];
  },
  cuts: () => [0, 1].map((axis) => ({ inputs: [axis, axis, axis], outputs: [axis, axis] })),
  // Q·Kᵀ and P·V; softmax 5 and scale 1 for each score
  cost: ([q, k, v]) => {
    const [batch, heads, tokens, width] = q!.shape as readonly [number, number, number, number];
    const scores = batch * heads * tokens * k!.shape[2]!;
    return { macs: scores * (width + v!.shape[3]!), elementwise: 6 * scores };
  },
  onnx: "decompose",
  decompose: ([q, k, v], { scale }) => {
    const p = softmax(matmul(mul(q!, scale as number), k!, { transposeB: true }));
    return [matmul(p, v!), p];
  },
};

/** Attention of q over k and v; `scale` defaults to width^−½. */
export const attention = (q: Value, k: Value, v: Value, scale = q.shape[3]! ** -0.5): Value =>
  applyAll(attentionOp, [q, k, v], { scale })[0]!;
