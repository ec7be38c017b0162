import {
  columnMeans,
  type Matrix,
  matrix,
  type Product,
  product,
  type Rows,
  rowsOf,
  scale,
  semidefiniteFactor,
  subtractRow,
  symmetricEigenvalues,
} from "../linear-algebra/index.ts";
import { covarianceOf, type Moments, meanOf, momentsOf } from "./moments.ts";

/** A normal distribution: its mean, and a factor of its covariance Σ = Fᵀ·F, whose rows may be fewer than d. */
export interface Normal {
  readonly mean: Float64Array;
  /** r×d. */
  readonly factor: Matrix;
}

/** The distribution fitted to feature rows. Fewer rows than dimensions are their own factor: nothing is lost. */
export async function normalOfFeatures(
  features: Matrix | Rows,
  multiply: Product = product,
): Promise<Normal> {
  if (features.rows < 2) throw new RangeError(`a covariance needs at least 2 samples, got ${features.rows}`);
  if (features.rows > features.cols) return normalOfMoments(await momentsOf(features, multiply));
  const rows = await rowsOf(features).range(0, features.rows);
  const mean = columnMeans(rows);
  const factor = withoutMean(subtractRow(rows, mean));
  return { mean, factor: scale(factor, 1 / Math.sqrt(rows.rows - 1)) };
}

export async function normalOfMoments(moments: Moments, multiply: Product = product): Promise<Normal> {
  const { factor } = await semidefiniteFactor(covarianceOf(moments), multiply);
  return { mean: meanOf(moments), factor };
}

/**
 * @throws RangeError where numbers are not finite, sizes differ, or the covariance is not symmetric or has a negative
 * eigenvalue
 */
export async function normalOfCovariance(
  mean: Float64Array,
  covariance: Matrix,
  multiply: Product = product,
): Promise<Normal> {
  checkStatistics({ mean, covariance });
  return { mean, factor: await factorOfStatistics(covariance, multiply) };
}

/** Of the largest eigenvalue; numbers rounded to float32 move an eigenvalue by a tenth of it at most. */
const ROUNDING = 1e-6;

/** F with Fᵀ·F = Σ. @throws RangeError where Σ has an eigenvalue below 0 by more than rounding */
export async function factorOfStatistics(covariance: Matrix, multiply: Product): Promise<Matrix> {
  const { factor, remainder } = await semidefiniteFactor(covariance, multiply);
  const d = covariance.rows;
  let variance = 0;
  for (let i = 0; i < d; i++) variance = Math.max(variance, covariance.data[i * d + i]!);
  // No eigenvalue of Σ lies further below 0 than one of the remainder, and none of that further than d elements of it.
  if (d * remainder <= ROUNDING * variance) return factor;
  const eigenvalues = await symmetricEigenvalues(covariance, multiply);
  const tolerance = ROUNDING * eigenvalues.at(-1)!;
  if (eigenvalues[0]! >= -tolerance) return factor;
  throw new RangeError(
    `covariance: its smallest eigenvalue is ${eigenvalues[0]!.toPrecision(4)}; rounding explains none below −${tolerance.toPrecision(4)}`,
  );
}

/** What statistics files hold. */
export interface Statistics {
  readonly mean: Float64Array;
  /** d×d. */
  readonly covariance: Matrix;
}

export function checkStatistics({ mean, covariance }: Statistics): void {
  const d = mean.length;
  if (covariance.rows !== d || covariance.cols !== d) {
    throw new RangeError(`mean of ${d} numbers, covariance of ${covariance.rows}×${covariance.cols}`);
  }
  const bad = mean.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) throw new RangeError(`mean: dimension ${bad} is ${mean[bad]}`);
  for (let i = 0; i < d; i++) {
    const variance = covariance.data[i * d + i]!;
    if (!(variance >= 0)) throw new RangeError(`covariance: the variance of dimension ${i} is ${variance}`);
    for (let j = 0; j < i; j++) {
      const [low, high] = [covariance.data[i * d + j]!, covariance.data[j * d + i]!];
      const size = Math.sqrt(variance * covariance.data[j * d + j]!);
      // Float32 files are symmetric to 1e-7 of the standard deviations.
      if (!(Math.abs(low - high) <= 1e-6 * size)) {
        throw new RangeError(`covariance: (${i}, ${j}) is ${low}, (${j}, ${i}) is ${high}`);
      }
    }
  }
}

/**
 * Rows with the singular values of the centred rows, one fewer: the reflection that turns (1,…,1)/√n into
 * the last unit vector gathers the mean in the last row, which goes. Centring alone would leave a zero
 * singular value to be drowned in rounding.
 */
export function withoutMean(a: Matrix): Matrix {
  const n = a.rows;
  // u = (1,…,1)/√n + e_last, uᵀu/2 = 1 + 1/√n.
  const entry = 1 / Math.sqrt(n);
  const means = columnMeans(a);
  const out = matrix(n - 1, a.cols, a.data.slice(0, (n - 1) * a.cols));
  for (let j = 0; j < a.cols; j++) {
    const dot = means[j]! * n * entry + a.data[(n - 1) * a.cols + j]!;
    const step = (dot / (1 + entry)) * entry;
    for (let i = 0; i < n - 1; i++) out.data[i * a.cols + j]! -= step;
  }
  return out;
}
