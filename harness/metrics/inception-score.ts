import type { Matrix } from "../linear-algebra/index.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";

/**
 * Inception Score of classifier logits (Salimans et al. 2016, arXiv:1606.03498, §4):
 * exp(mean over x of KL(p(y|x) ‖ p̄)), p̄ the mean of p over the split. Range 1…classes, higher is better. The
 * splits are consecutive, [i·n/S, (i+1)·n/S), as torch-fidelity cuts them: files ordered by class need one split,
 * or another order (torch-fidelity's: `RandomState(2020)`'s permutation of the rows).
 *
 * @param logits n×classes
 * @returns the score of every split; its mean is the usual score
 */
export function inceptionScores(logits: Matrix, splits = 1): number[] {
  checkSplits(splits, logits.rows);
  return scoresBetween(logits, splits, (i) => Math.floor((i * logits.rows) / splits));
}

/** The same by ADM's evaluator: consecutive chunks of `size` rows (its own: 5000), the last as short as it comes. */
export function inceptionScoresOfChunks(logits: Matrix, size: number): number[] {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`a chunk's size must be an integer ≥ 1, got ${size}`);
  const n = logits.rows;
  return scoresBetween(logits, Math.ceil(n / size), (i) => Math.min(i * size, n));
}

/** The same by dgm-eval: `splits` of ⌊n/splits⌋ rows each; what is over is left out. */
export function inceptionScoresOfWholeSplits(logits: Matrix, splits: number): number[] {
  checkSplits(splits, logits.rows);
  const size = Math.floor(logits.rows / splits);
  return scoresBetween(logits, splits, (i) => i * size);
}

/** The score of all rows as one split, with its delete-group jackknife. */
export function inceptionScore(logits: Matrix, groups: Int32Array): Jackknifed {
  const members = groupMembers(groups, logits.rows);
  const parts = members.map((rows) => sumsOf(logits, rows));
  const score = (left: number | null): number => scoreOf(parts.filter((_, g) => g !== left));
  return jackknife(score(null), members, 1, score);
}

function checkSplits(splits: number, n: number): void {
  if (!Number.isInteger(splits) || splits < 1 || splits > n)
    throw new RangeError(`splits must be an integer in 1…n = ${n}, got ${splits}`);
}

function scoresBetween(logits: Matrix, splits: number, start: (split: number) => number): number[] {
  return Array.from({ length: splits }, (_, i) => {
    const from = start(i);
    const rows = Int32Array.from({ length: start(i + 1) - from }, (_, k) => from + k);
    return scoreOf([sumsOf(logits, rows)]);
  });
}

/** What rows add to a score. */
interface Sums {
  readonly n: number;
  /** Σ p, a number a class. */
  readonly probabilities: Float64Array;
  /** Σ Σ p·ln p. */
  readonly negativeEntropy: number;
}

function sumsOf(logits: Matrix, rows: Int32Array): Sums {
  const probabilities = new Float64Array(logits.cols);
  let negativeEntropy = 0;
  for (const i of rows) {
    const row = logits.data.subarray(i * logits.cols, (i + 1) * logits.cols);
    const normaliser = logSumExp(row);
    for (let c = 0; c < row.length; c++) {
      const logarithm = row[c]! - normaliser;
      const p = Math.exp(logarithm);
      probabilities[c]! += p;
      negativeEntropy += p * logarithm;
    }
  }
  return { n: rows.length, probabilities, negativeEntropy };
}

/** The mean over x of Σ p·ln p, less Σ p̄·ln p̄: the mean divergence, exponentiated. */
function scoreOf(parts: readonly Sums[]): number {
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const negativeEntropy = parts.reduce((sum, part) => sum + part.negativeEntropy, 0) / n;
  let ofMean = 0;
  for (let c = 0; c < parts[0]!.probabilities.length; c++) {
    const p = parts.reduce((sum, { probabilities }) => sum + probabilities[c]!, 0) / n;
    if (p > 0) ofMean += p * Math.log(p);
  }
  return Math.exp(negativeEntropy - ofMean);
}

function logSumExp(row: Float64Array): number {
  const max = row.reduce((largest, x) => Math.max(largest, x), -Infinity);
  let sum = 0;
  for (const x of row) sum += Math.exp(x - max);
  return max + Math.log(sum);
}
