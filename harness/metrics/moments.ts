import { type Matrix, matrix, type Product, product, transpose } from "../linear-algebra/index.ts";

/** Additive statistics of feature rows: shards and jackknife groups merge by addition, memory is flat in n. */
export interface Moments {
  readonly n: number;
  /** Σx, d numbers. */
  readonly sum: Float64Array;
  /** Σx·xᵀ, d×d. */
  readonly products: Matrix;
}

export async function momentsOf(features: Matrix, multiply: Product = product): Promise<Moments> {
  const sum = new Float64Array(features.cols);
  for (let i = 0; i < features.rows; i++) {
    for (let j = 0; j < features.cols; j++) sum[j]! += features.data[i * features.cols + j]!;
  }
  const columns = transpose(features);
  return { n: features.rows, sum, products: await multiply(columns, columns) };
}

export function addMoments(a: Moments, b: Moments): Moments {
  return combine(a, b, 1);
}

/** The statistics of what is in `a` but not in `b`, a part of it. */
export function subtractMoments(a: Moments, b: Moments): Moments {
  return combine(a, b, -1);
}

function combine(a: Moments, b: Moments, sign: 1 | -1): Moments {
  const d = a.sum.length;
  if (b.sum.length !== d) throw new RangeError(`moments of ${d} and of ${b.sum.length} dimensions`);
  return {
    n: a.n + sign * b.n,
    sum: a.sum.map((x, i) => x + sign * b.sum[i]!),
    products: matrix(
      d,
      d,
      a.products.data.map((x, i) => x + sign * b.products.data[i]!),
    ),
  };
}

export function meanOf({ n, sum }: Moments): Float64Array {
  if (n < 1) throw new RangeError(`the mean of ${n} samples`);
  return sum.map((x) => x / n);
}

/** The unbiased covariance (divisor n − 1). */
export function covarianceOf(moments: Moments): Matrix {
  const { n, sum, products } = moments;
  if (n < 2) throw new RangeError(`a covariance needs at least 2 samples, got ${n}`);
  const mean = meanOf(moments);
  const d = sum.length;
  const covariance = matrix(d, d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      covariance.data[i * d + j] = (products.data[i * d + j]! - sum[i]! * mean[j]!) / (n - 1);
    }
  }
  return covariance;
}
