import {
  div,
  logSumExp,
  matmul,
  maximum,
  mul,
  type Operand,
  sqrt,
  sub,
  sum,
  type Value,
} from "../../../harness/program/index.ts";

/** Rows of unit length. */
const unit = (x: Value): Value => div(x, maximum(sqrt(sum(mul(x, x), [1], true)), 1e-12));

/**
 * NCE(f, g; τ) a row: logsumexp_j(f̂_i·ĝ_j/τ) − f̂_i·ĝ_i/τ (InfoNCE, arXiv:1807.03748 eq. 4): f, g [batch, d] → [batch].
 * Which of f and g learns is the caller's to say, by `stopGradient`.
 */
export function noiseContrast(f: Value, g: Value, temperature: Operand): Value {
  const [a, b] = [div(unit(f), temperature), unit(g)];
  return sub(logSumExp(matmul(a, b, { transposeB: true })), sum(mul(a, b), [1]));
}
