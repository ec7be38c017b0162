import {
  columnMeans,
  type Matrix,
  matrix,
  type Product,
  product,
  solvePositiveDefinite,
  transpose,
} from "../linear-algebra/index.ts";
import { type Share, shareOf } from "./share.ts";

/** Scores of a row x: ((x − mean)·inverseDeviation)·weightsᵀ + bias, one a class. */
export interface RidgeClassifier {
  readonly mean: Float64Array;
  /** 1/σ of every dimension; 0 where it never varied in training. */
  readonly inverseDeviation: Float64Array;
  /** classes×d. */
  readonly weights: Matrix;
  readonly bias: Float64Array;
}

/**
 * Fits one-hot labels by ridge regression on standardised features, the bias left free (Hoerl, Kennard 1970):
 * W = (XᵀX + λ)⁻¹·Xᵀ·Y, or the same through the n×n system, Xᵀ·(XXᵀ + λ)⁻¹·Y, where n < d. The penalty is fixed, so that
 * accuracies compare between runs: λ = n, the mean eigenvalue of XᵀX, which halves a direction of average variance
 * (1,280 features of 557 photos at 64², tested on 371 others: .48 with λ = n/10, .51 with n, .53 with 3n, .51 with 10n).
 *
 * @param features n×d
 * @param labels n classes, 0…classes−1
 */
export async function fitRidgeClassifier(
  features: Matrix,
  labels: ArrayLike<number>,
  classes: number,
  multiply: Product = product,
): Promise<RidgeClassifier> {
  const { rows: n, cols: d } = features;
  if (n < 2) throw new RangeError(`a classifier needs at least 2 training rows, got ${n}`);
  checkLabels(labels, n, classes);
  const mean = columnMeans(features);
  const inverseDeviation = inverseDeviations(features, mean);
  const rows = standardise(features, mean, inverseDeviation);
  const columns = transpose(rows);
  const { targets, bias } = centredOneHot(labels, classes);
  if (n < d) {
    const dual = solvePositiveDefinite(addToDiagonal(await multiply(rows, rows), n), transpose(targets));
    return { mean, inverseDeviation, bias, weights: await multiply(transpose(dual), columns) };
  }
  const right = await multiply(columns, targets);
  const solution = solvePositiveDefinite(addToDiagonal(await multiply(columns, columns), n), right);
  return { mean, inverseDeviation, bias, weights: transpose(solution) };
}

/**
 * Share of rows whose highest score is their label's (the first of equals), with its binomial error: of
 * conditional samples, how often a plain classifier trained on real images sees the class asked for.
 */
export async function classAccuracy(
  classifier: RidgeClassifier,
  features: Matrix,
  labels: ArrayLike<number>,
  multiply: Product = product,
): Promise<Share> {
  const { mean, inverseDeviation, weights, bias } = classifier;
  if (features.cols !== mean.length) {
    throw new RangeError(`a classifier of ${mean.length}-dimensional features, given ${features.cols}`);
  }
  if (features.rows < 1) throw new RangeError("an accuracy needs at least 1 row, got 0");
  checkLabels(labels, features.rows, weights.rows);
  const scores = await multiply(standardise(features, mean, inverseDeviation), weights);
  let correct = 0;
  for (let i = 0; i < scores.rows; i++) {
    let best = 0;
    const score = (c: number): number => scores.data[i * scores.cols + c]! + bias[c]!;
    for (let c = 1; c < scores.cols; c++) if (score(c) > score(best)) best = c;
    if (best === labels[i]) correct++;
  }
  return shareOf(correct, features.rows);
}

function checkLabels(labels: ArrayLike<number>, n: number, classes: number): void {
  if (labels.length !== n) throw new RangeError(`labels: ${labels.length} for ${n} rows`);
  for (let i = 0; i < n; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`labels: row ${i} has label ${label}, expected 0…${classes - 1}`);
    }
  }
}

function inverseDeviations(features: Matrix, mean: Float64Array): Float64Array {
  const squares = new Float64Array(features.cols);
  for (let i = 0; i < features.rows; i++) {
    for (let j = 0; j < features.cols; j++) {
      squares[j]! += (features.data[i * features.cols + j]! - mean[j]!) ** 2;
    }
  }
  return squares.map((sum, j) => {
    const deviation = Math.sqrt(sum / features.rows);
    // A constant column's deviation is rounding of its mean.
    return deviation > 1e-12 * Math.abs(mean[j]!) ? 1 / deviation : 0;
  });
}

function standardise(features: Matrix, mean: Float64Array, inverseDeviation: Float64Array): Matrix {
  const out = matrix(features.rows, features.cols);
  for (let i = 0; i < features.rows; i++) {
    for (let j = 0; j < features.cols; j++) {
      const at = i * features.cols + j;
      out.data[at] = (features.data[at]! - mean[j]!) * inverseDeviation[j]!;
    }
  }
  return out;
}

/** One-hot labels less the class shares, classes×n; the shares are the free bias. */
function centredOneHot(labels: ArrayLike<number>, classes: number): { targets: Matrix; bias: Float64Array } {
  const n = labels.length;
  const bias = new Float64Array(classes);
  for (let i = 0; i < n; i++) bias[labels[i]!]! += 1 / n;
  const targets = matrix(classes, n);
  for (let c = 0; c < classes; c++) {
    for (let i = 0; i < n; i++) targets.data[c * n + i] = (labels[i] === c ? 1 : 0) - bias[c]!;
  }
  return { targets, bias };
}

function addToDiagonal(a: Matrix, value: number): Matrix {
  for (let i = 0; i < a.rows; i++) a.data[i * a.cols + i]! += value;
  return a;
}
