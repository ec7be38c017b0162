import { dotProduct, type Matrix, matrix } from "./matrix.ts";

/**
 * F, r×d, with Fᵀ·F = A for a symmetric positive semidefinite d×d matrix of rank r: Cholesky with diagonal
 * pivoting, which stops where every remaining pivot is rounding noise (≤ d·ε of the largest diagonal
 * element; Higham 1990, LAPACK dpstf2). Its rows are in pivot order, so it is triangular up to a permutation.
 */
export function semidefiniteFactor(a: Matrix): Matrix {
  const d = a.rows;
  if (d !== a.cols) throw new RangeError(`Cholesky factor of a ${d}×${a.cols} matrix: it must be square`);
  // Row i of `l` grows to the right: l[i][j] = F[j][i]. Dot products of rows stay contiguous.
  const l = new Float64Array(d * d);
  const remaining = Float64Array.from({ length: d }, (_, i) => a.data[i * d + i]!);
  const isPivot = new Uint8Array(d);
  const floor = d * Number.EPSILON * remaining.reduce((max, x) => Math.max(max, x), 0);
  let rank = 0;
  for (; rank < d; rank++) {
    let pivot = -1;
    for (let i = 0; i < d; i++)
      if (!isPivot[i] && (pivot < 0 || remaining[i]! > remaining[pivot]!)) pivot = i;
    if (!(remaining[pivot]! > floor)) break;
    isPivot[pivot] = 1;
    const root = Math.sqrt(remaining[pivot]!);
    l[pivot * d + rank] = root;
    for (let i = 0; i < d; i++) {
      if (isPivot[i]) continue;
      const value = (a.data[pivot * d + i]! - dotProduct(l, i * d, l, pivot * d, rank)) / root;
      l[i * d + rank] = value;
      remaining[i]! -= value * value;
    }
  }
  const factor = matrix(rank, d);
  for (let i = 0; i < d; i++) for (let j = 0; j < rank; j++) factor.data[j * d + i] = l[i * d + j]!;
  return factor;
}

/**
 * Solves A·X = B for a symmetric positive definite n×n A (lower triangle read) and an n×c B.
 *
 * @throws RangeError where A is not positive definite
 */
export function solvePositiveDefinite(a: Matrix, b: Matrix): Matrix {
  const n = a.rows;
  if (n !== a.cols || n !== b.rows) {
    throw new RangeError(`A·X = B: A is ${n}×${a.cols}, B is ${b.rows}×${b.cols}`);
  }
  const l = lowerCholesky(a);
  const x = matrix(n, b.cols, b.data.slice());
  const subtract = (row: number, factor: number, from: number): void => {
    for (let c = 0; c < b.cols; c++) x.data[row * b.cols + c]! -= factor * x.data[from * b.cols + c]!;
  };
  const divide = (row: number): void => {
    for (let c = 0; c < b.cols; c++) x.data[row * b.cols + c]! /= l[row * n + row]!;
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtract(i, l[i * n + k]!, k);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    divide(i);
    for (let k = 0; k < i; k++) subtract(k, l[i * n + k]!, i);
  }
  return x;
}

/** L with L·Lᵀ = A, row after row, so that every inner loop runs along two rows. */
function lowerCholesky(a: Matrix): Float64Array {
  const n = a.rows;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = a.data[i * n + j]! - dotProduct(l, i * n, l, j * n, j);
      if (i === j && !(value > 0)) {
        throw new RangeError(`the matrix is not positive definite: pivot ${i} of ${n} is ${value}`);
      }
      l[i * n + j] = i === j ? Math.sqrt(value) : value / l[j * n + j]!;
    }
  }
  return l;
}
