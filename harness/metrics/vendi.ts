import {
  type Matrix,
  matrix,
  type Product,
  product,
  sumOfSquares,
  symmetricEigenvalues,
  transpose,
} from "../linear-algebra/index.ts";

/**
 * Vendi score (Friedman, Dieng 2023, arXiv:2210.02410): the exponential of the entropy of the eigenvalues of
 * X·Xᵀ/n, rows of X of unit length. Range 1…n: the number of effectively different samples.
 *
 * @throws RangeError for a row of zeros, which has no direction
 */
export async function vendiScore(features: Matrix, multiply: Product = product): Promise<number> {
  const { rows: n, cols: d } = features;
  if (n < 1) throw new RangeError("a Vendi score needs at least 1 row, got 0");
  const unit = matrix(n, d, features.data.slice());
  for (let i = 0; i < n; i++) {
    const row = unit.data.subarray(i * d, (i + 1) * d);
    const length = Math.sqrt(sumOfSquares(row));
    if (length === 0) throw new RangeError(`a Vendi score of row ${i}, which is zero`);
    for (let j = 0; j < d; j++) row[j]! /= length;
  }
  // X·Xᵀ and Xᵀ·X share their eigenvalues but for zeros.
  const narrow = n <= d ? unit : transpose(unit);
  let entropy = 0;
  for (const value of await symmetricEigenvalues(await multiply(narrow, narrow), multiply)) {
    const weight = value / n;
    if (weight > 0) entropy -= weight * Math.log(weight);
  }
  return Math.exp(entropy);
}
