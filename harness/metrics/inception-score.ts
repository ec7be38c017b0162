import type { Matrix } from "../linear-algebra/index.ts";

/**
 * Inception Score of classifier logits (Salimans et al. 2016, arXiv:1606.03498, §4):
 * exp(mean over x of KL(p(y|x) ‖ p̄)), p̄ the mean of p over the split. Range 1…classes, higher is better. The
 * splits are consecutive, [i·n/S, (i+1)·n/S): files ordered by class need one split, or another order.
 *
 * @param logits n×classes
 * @returns the score of every split; its mean is the usual score
 */
export function inceptionScores(logits: Matrix, splits = 1): number[] {
  const n = logits.rows;
  if (!Number.isInteger(splits) || splits < 1 || splits > n) {
    throw new RangeError(`splits must be an integer in 1…n = ${n}, got ${splits}`);
  }
  return Array.from({ length: splits }, (_, split) =>
    score(logits, Math.floor((split * n) / splits), Math.floor(((split + 1) * n) / splits)),
  );
}

/** The mean over x of Σ p·ln p, less Σ p̄·ln p̄: the mean divergence, exponentiated. */
function score(logits: Matrix, from: number, to: number): number {
  const mean = new Float64Array(logits.cols);
  let negativeEntropy = 0;
  for (let i = from; i < to; i++) {
    const row = logits.data.subarray(i * logits.cols, (i + 1) * logits.cols);
    const normaliser = logSumExp(row);
    for (let c = 0; c < row.length; c++) {
      const logarithm = row[c]! - normaliser;
      const p = Math.exp(logarithm);
      mean[c]! += p / (to - from);
      negativeEntropy += p * logarithm;
    }
  }
  let ofMean = 0;
  for (const p of mean) if (p > 0) ofMean += p * Math.log(p);
  return Math.exp(negativeEntropy / (to - from) - ofMean);
}

function logSumExp(row: Float64Array): number {
  const max = row.reduce((largest, x) => Math.max(largest, x), -Infinity);
  let sum = 0;
  for (const x of row) sum += Math.exp(x - max);
  return max + Math.log(sum);
}
