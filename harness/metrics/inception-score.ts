import { type Matrix, type Rows, rowTiles } from "../linear-algebra/index.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";

/**
 * Inception Score of classifier logits (Salimans et al. 2016, arXiv:1606.03498, §4):
 * exp(mean over x of KL(p(y|x) ‖ p̄)), p̄ the mean of p over the split. Range 1…classes, higher is better. The
 * splits are consecutive, [i·n/S, (i+1)·n/S), as torch-fidelity cuts them: files ordered by class need one split,
 * or another order (torch-fidelity's: `RandomState(2020)`'s permutation of the rows).
 *
 * @param logits n×classes
 * @param order the rows in the order to split them; as they are, where none is given
 * @returns the score of every split; its mean is the usual score
 */
export async function inceptionScores(
  logits: Matrix | Rows,
  splits = 1,
  order?: Int32Array,
): Promise<number[]> {
  checkSplits(splits, logits.rows);
  return scoresBetween(logits, splits, (i) => Math.floor((i * logits.rows) / splits), order);
}

/** The same by ADM's evaluator: consecutive chunks of `size` rows (its own: 5000), the last as short as it comes. */
export async function inceptionScoresOfChunks(logits: Matrix | Rows, size: number): Promise<number[]> {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`a chunk's size must be an integer ≥ 1, got ${size}`);
  const n = logits.rows;
  return scoresBetween(logits, Math.ceil(n / size), (i) => Math.min(i * size, n));
}

/** The same by dgm-eval: `splits` of ⌊n/splits⌋ rows each; what is over is left out. */
export async function inceptionScoresOfWholeSplits(
  logits: Matrix | Rows,
  splits: number,
  order?: Int32Array,
): Promise<number[]> {
  checkSplits(splits, logits.rows);
  const size = Math.floor(logits.rows / splits);
  return scoresBetween(logits, splits, (i) => i * size, order);
}

/** The score of all rows as one split, with its delete-group jackknife. */
export async function inceptionScore(logits: Matrix | Rows, groups: Int32Array): Promise<Jackknifed> {
  const members = groupMembers(groups, logits.rows);
  const parts = await sumsOf(logits, groups, members.length);
  return jackknife(members, 1, (left) => scoreOf(parts.filter((_, g) => g !== left)));
}

function checkSplits(splits: number, n: number): void {
  if (!Number.isInteger(splits) || splits < 1 || splits > n)
    throw new RangeError(`splits must be an integer in 1…n = ${n}, got ${splits}`);
}

/** Rows are read as they lie, each into the sums of the split that the order puts it in. */
async function scoresBetween(
  logits: Matrix | Rows,
  splits: number,
  start: (split: number) => number,
  order?: Int32Array,
): Promise<number[]> {
  if (order && order.length !== logits.rows)
    throw new RangeError(`an order of ${order.length} for ${logits.rows} rows`);
  const splitOf = new Int32Array(logits.rows).fill(-1);
  for (let i = 0; i < splits; i++)
    for (let at = start(i); at < start(i + 1); at++) splitOf[order ? order[at]! : at] = i;
  return (await sumsOf(logits, splitOf, splits)).map((sums) => scoreOf([sums]));
}

/** What rows add to a score. */
interface Sums {
  n: number;
  /** Σ p, a number a class. */
  readonly probabilities: Float64Array;
  /** Σ Σ p·ln p. */
  negativeEntropy: number;
}

/** Sums by the part of every row; −1 is in none. */
async function sumsOf(logits: Matrix | Rows, partOf: Int32Array, count: number): Promise<Sums[]> {
  const parts = Array.from({ length: count }, () => ({
    n: 0,
    probabilities: new Float64Array(logits.cols),
    negativeEntropy: 0,
  }));
  for await (const { start, tile } of rowTiles(logits))
    for (let i = 0; i < tile.rows; i++) {
      const sums = parts[partOf[start + i]!];
      if (sums) addRow(sums, tile.data.subarray(i * tile.cols, (i + 1) * tile.cols));
    }
  return parts;
}

function addRow(sums: Sums, row: Float64Array): void {
  const normaliser = logSumExp(row);
  for (let c = 0; c < row.length; c++) {
    const logarithm = row[c]! - normaliser;
    const p = Math.exp(logarithm);
    sums.probabilities[c]! += p;
    sums.negativeEntropy += p * logarithm;
  }
  sums.n++;
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
