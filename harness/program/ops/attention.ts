/** Scaled dot-product attention. */
import { applyAll, type Op, type Value } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduction.ts";
import { requireFloat, requireRank, requireShape } from "./shared.ts";
import { logSumExp, softmax } from "./softmax.ts";

type Heads = readonly [batch: number, heads: number, tokens: number, width: number];

/** P = softmax(scale·Q·Kᵀ) */
const weights = (q: Value, k: Value, scale: number): Value => softmax(scores(q, k, scale));
const scores = (q: Value, k: Value, scale: number): Value => matmul(mul(q, scale), k, { transposeB: true });

/**
 * O = P·V, P = softmax(S), S = scale·Q·Kᵀ for q, k, v [batch, heads, tokens, width] (arXiv:1706.03762 eq. 1).
 * Outputs O and L = ln Σ exp S a row, with which the backward pass makes P = exp(S − L) again in place of keeping it
 * (FlashAttention, arXiv:2205.14135 §3.1).
 */
export const attentionOp: Op = {
  name: "attention",
  shape: ([q, k, v]) => {
    requireFloat("attention", q!, k!, v!);
    requireRank("attention", q!, 4);
    requireRank("attention", k!, 4);
    requireRank("attention", v!, 4);
    const [batch, heads, tokens, width] = q!.shape as Heads;
    requireShape("attention", "k", k!, [batch, heads, k!.shape[2]!, width]);
    requireShape("attention", "v", v!, [batch, heads, k!.shape[2]!, v!.shape[3]!]);
    return [
      { dtype: "float32", shape: [batch, heads, tokens, v!.shape[3]!] },
      { dtype: "float32", shape: [batch, heads, tokens] },
    ];
  },
  gradient: ({ inputs, outputs, attributes }, [g]) =>
    applyAll(attentionGradientOp, [g!, ...inputs, ...outputs], attributes),
  cuts: () => [0, 1].map((axis) => ({ inputs: [axis, axis, axis], outputs: [axis, axis] })),
  // Q·Kᵀ and P·V; softmax 5 and scale 1 for each score
  cost: ([q, k, v]) => {
    const [batch, heads, tokens, width] = q!.shape as Heads;
    const count = batch * heads * tokens * k!.shape[2]!;
    return { macs: count * (width + v!.shape[3]!), elementwise: 6 * count };
  },
  onnx: "decompose",
  decompose: ([q, k, v], { scale }) => [
    matmul(weights(q!, k!, scale as number), v!),
    logSumExp(scores(q!, k!, scale as number)),
  ],
};

/**
 * ∂Q, ∂K, ∂V of `attention` from G = ∂O, Q, K, V, O and L: ∂V = Pᵀ·G, ∂P = G·Vᵀ, ∂S = P·(∂P − D), D = Σ ∂P·P a row
 * (= Σ G·O), ∂Q = scale·∂S·K, ∂K = scale·∂Sᵀ·Q. Decomposed it is of the P that the forward pass computes too.
 */
export const attentionGradientOp: Op = {
  name: "attentionGradient",
  shape: ([g, q, k, v, o, l]) => {
    requireFloat("attentionGradient", g!, q!, k!, v!, o!, l!);
    const forward = attentionOp.shape([q!, k!, v!], {});
    requireShape("attentionGradient", "g", g!, forward[0]!.shape);
    requireShape("attentionGradient", "o", o!, forward[0]!.shape);
    requireShape("attentionGradient", "l", l!, forward[1]!.shape);
    return [q!, k!, v!].map(({ dtype, shape }) => ({ dtype, shape }));
  },
  gradient: "decompose",
  cuts: () => [0, 1].map((axis) => ({ inputs: Array<number>(6).fill(axis), outputs: [axis, axis, axis] })),
  // G·Vᵀ, Pᵀ·G, ∂S·K and ∂Sᵀ·Q; ∂S 4 and scale 1 for each score. P is the forward pass's.
  cost: ([, q, k, v]) => {
    const [batch, heads, tokens, width] = q!.shape as Heads;
    const count = batch * heads * tokens * k!.shape[2]!;
    return { macs: 2 * count * (width + v!.shape[3]!), elementwise: 5 * count };
  },
  onnx: "decompose",
  decompose: ([g, q, k, v], { scale }) => {
    const p = weights(q!, k!, scale as number);
    const weighted = mul(matmul(g!, v!, { transposeB: true }), p);
    const slopes = mul(sub(weighted, mul(p, sum(weighted, [-1], true))), scale as number);
    return [
      matmul(slopes, k!),
      matmul(slopes, q!, { transposeA: true }),
      matmul(p, g!, { transposeA: true }),
    ];
  },
};

/** Attention of q over k and v; `scale` defaults to width^−½. */
export const attention = (q: Value, k: Value, v: Value, scale = q.shape[3]! ** -0.5): Value =>
  applyAll(attentionOp, [q, k, v], { scale })[0]!;
