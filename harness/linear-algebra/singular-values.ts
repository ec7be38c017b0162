import { tallReduction } from "./lower-factor.ts";
import type { Matrix } from "./matrix.ts";
import { reflector } from "./reflector.ts";
import { tridiagonalEigenvalues } from "./tridiagonal.ts";

/**
 * Singular values, descending, each to a few ulp of the largest: bidiagonalisation, then the eigenvalues
 * of the symmetric tridiagonal matrix with zero diagonal that interleaves both bands, which are ± the
 * singular values (Golub, Kahan 1965). Nothing is squared: the square roots of the eigenvalues of A·Aᵀ would
 * keep only half the digits of the small ones.
 */
export function singularValues(a: Matrix): Float64Array {
  const tall = tallReduction(a);
  const { diagonal, above } = bidiagonalise(tall.data, tall.rows, tall.cols);
  const n = tall.cols;
  const bands = new Float64Array(Math.max(2 * n - 1, 0));
  for (let i = 0; i < n; i++) {
    bands[2 * i] = diagonal[i]!;
    if (i < n - 1) bands[2 * i + 1] = above[i]!;
  }
  return tridiagonalEigenvalues(new Float64Array(2 * n), bands)
    .slice(n)
    .reverse()
    .map((x) => Math.max(x, 0));
}

/** The sum of the singular values, tr √(A·Aᵀ). */
export function nuclearNorm(a: Matrix): number {
  let sum = 0;
  for (const value of singularValues(a)) sum += value;
  return sum;
}

/**
 * Householder bidiagonalisation of an m×n matrix, m ≥ n, overwritten (4·n²·(m − n/3) flops). Column k is cleared
 * by u from the left, row k by v from the right: A ← A − u·yᵀ − x·vᵀ with y = Aᵀu/h and x = (A − u·yᵀ)·v/g.
 * That update is put off until the next column's u is known, so that one crossing of the matrix applies it
 * and forms the next y (Howell et al. 2008, "BLAS 2.5").
 */
function bidiagonalise(
  a: Float64Array,
  m: number,
  n: number,
): { diagonal: Float64Array; above: Float64Array } {
  const diagonal = new Float64Array(n);
  const above = new Float64Array(Math.max(n - 1, 0));
  let u = new Float64Array(m);
  let nextU = new Float64Array(m);
  let y = new Float64Array(n);
  let nextY = new Float64Array(n);
  const x = new Float64Array(m);
  const v = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    for (let i = k; i < m; i++) nextU[i] = a[i * n + k]! - u[i]! * y[k]! - x[i]! * v[k]!;
    const left = reflector(nextU, k, m, k);
    diagonal[k] = left.alpha;
    if (k === n - 1) break;
    updateAndProject(a, m, n, k, { u, y, x, v }, nextU, nextY);
    for (let j = k + 1; j < n; j++) nextY[j] = left.h === 0 ? 0 : nextY[j]! / left.h;
    [u, nextU] = [nextU, u];
    [y, nextY] = [nextY, y];
    for (let j = k + 1; j < n; j++) v[j] = a[k * n + j]! - u[k]! * y[j]!;
    const right = reflector(v, k + 1, n, k + 1);
    above[k] = right.alpha;
    multiply(a, m, n, k + 1, v, x);
    let yv = 0;
    for (let j = k + 1; j < n; j++) yv += y[j]! * v[j]!;
    for (let i = k + 1; i < m; i++) x[i] = right.h === 0 ? 0 : (x[i]! - u[i]! * yv) / right.h;
  }
  return { diagonal, above };
}

interface PendingUpdate {
  readonly u: Float64Array;
  readonly y: Float64Array;
  readonly x: Float64Array;
  readonly v: Float64Array;
}

/** On rows k… and columns k+1…: A ← A − u·yᵀ − x·vᵀ, and out = Aᵀ·w with the new A. Four rows at a time. */
function updateAndProject(
  a: Float64Array,
  m: number,
  n: number,
  k: number,
  { u, y, x, v }: PendingUpdate,
  w: Float64Array,
  out: Float64Array,
): void {
  out.fill(0);
  let i = k;
  for (; i + 3 < m; i += 4) {
    const r0 = i * n;
    const r1 = r0 + n;
    const r2 = r1 + n;
    const r3 = r2 + n;
    const u0 = u[i]!;
    const u1 = u[i + 1]!;
    const u2 = u[i + 2]!;
    const u3 = u[i + 3]!;
    const x0 = x[i]!;
    const x1 = x[i + 1]!;
    const x2 = x[i + 2]!;
    const x3 = x[i + 3]!;
    const w0 = w[i]!;
    const w1 = w[i + 1]!;
    const w2 = w[i + 2]!;
    const w3 = w[i + 3]!;
    for (let j = k + 1; j < n; j++) {
      const yj = y[j]!;
      const vj = v[j]!;
      const a0 = a[r0 + j]! - u0 * yj - x0 * vj;
      const a1 = a[r1 + j]! - u1 * yj - x1 * vj;
      const a2 = a[r2 + j]! - u2 * yj - x2 * vj;
      const a3 = a[r3 + j]! - u3 * yj - x3 * vj;
      a[r0 + j] = a0;
      a[r1 + j] = a1;
      a[r2 + j] = a2;
      a[r3 + j] = a3;
      out[j]! += w0 * a0 + w1 * a1 + (w2 * a2 + w3 * a3);
    }
  }
  for (; i < m; i++) {
    const row = i * n;
    for (let j = k + 1; j < n; j++) {
      const value = a[row + j]! - u[i]! * y[j]! - x[i]! * v[j]!;
      a[row + j] = value;
      out[j]! += w[i]! * value;
    }
  }
}

/** out = A·v on rows and columns from k on. Four rows at a time. */
function multiply(
  a: Float64Array,
  m: number,
  n: number,
  k: number,
  v: Float64Array,
  out: Float64Array,
): void {
  let i = k;
  for (; i + 3 < m; i += 4) {
    const row = i * n;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let j = k; j < n; j++) {
      const vj = v[j]!;
      s0 += a[row + j]! * vj;
      s1 += a[row + n + j]! * vj;
      s2 += a[row + 2 * n + j]! * vj;
      s3 += a[row + 3 * n + j]! * vj;
    }
    out[i] = s0;
    out[i + 1] = s1;
    out[i + 2] = s2;
    out[i + 3] = s3;
  }
  for (; i < m; i++) {
    let sum = 0;
    for (let j = k; j < n; j++) sum += a[i * n + j]! * v[j]!;
    out[i] = sum;
  }
}
