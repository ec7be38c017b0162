import type { Matrix } from "./matrix.ts";
import { reflector } from "./reflector.ts";
import { tridiagonalEigenvalues } from "./tridiagonal.ts";

/**
 * Eigenvalues of a symmetric matrix, ascending; only its lower triangle is read. Householder
 * tridiagonalisation from the last row up (Martin, Reinsch, Wilkinson 1968, tred1; 4/3·n³ flops), then
 * implicit QL. Absolute errors of a few ulp of the norm.
 */
export function symmetricEigenvalues(a: Matrix): Float64Array {
  if (a.rows !== a.cols)
    throw new RangeError(`eigenvalues of a ${a.rows}×${a.cols} matrix: it must be square`);
  const { diagonal, off } = tridiagonalise(a.data.slice(), a.rows);
  return tridiagonalEigenvalues(diagonal, off);
}

/**
 * With u the Householder vector that clears row i, A ← A − u·qᵀ − q·uᵀ where q = p/h − (uᵀp/2h²)·u,
 * p = A·u, h = uᵀu/2. The update waits for the next row's product, so that the triangle is crossed once
 * a row: each element is read, updated and used twice in the next p.
 */
function tridiagonalise(a: Float64Array, n: number): { diagonal: Float64Array; off: Float64Array } {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(Math.max(n - 1, 0));
  let u = new Float64Array(n);
  let q = new Float64Array(n);
  let next = new Float64Array(n);
  let p = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    for (let k = 0; k <= i; k++) a[row + k]! -= u[i]! * q[k]! + q[i]! * u[k]!;
    diagonal[i] = a[row + i]!;
    if (i === 0) break;
    next.set(a.subarray(row, row + i));
    const { alpha, h } = reflector(next, 0, i, i - 1);
    off[i - 1] = alpha;
    updateAndMultiply(a, n, i, u, q, next, p);
    let dot = 0;
    for (let k = 0; k < i; k++) dot += next[k]! * p[k]!;
    const shift = h === 0 ? 0 : dot / (2 * h * h);
    for (let k = 0; k < i; k++) p[k] = h === 0 ? 0 : p[k]! / h - shift * next[k]!;
    [u, next] = [next, u];
    [q, p] = [p, q];
  }
  return { diagonal, off };
}

/** A ← A − u·qᵀ − q·uᵀ on the leading n×n lower triangle, and p = A·next with the new A. Two rows at a time. */
function updateAndMultiply(
  a: Float64Array,
  stride: number,
  n: number,
  u: Float64Array,
  q: Float64Array,
  next: Float64Array,
  p: Float64Array,
): void {
  p.fill(0, 0, n);
  for (let j = 0; j < n; j += 2) {
    const r0 = j * stride;
    // A last row without a partner is taken twice; the second time changes nothing, having weight 0.
    const r1 = j + 1 < n ? r0 + stride : r0;
    const u0 = u[j]!;
    const q0 = q[j]!;
    const x0 = next[j]!;
    const u1 = r1 === r0 ? 0 : u[j + 1]!;
    const q1 = r1 === r0 ? 0 : q[j + 1]!;
    const x1 = r1 === r0 ? 0 : next[j + 1]!;
    let s0 = 0;
    let s1 = 0;
    for (let k = 0; k < j; k++) {
      const uk = u[k]!;
      const qk = q[k]!;
      const xk = next[k]!;
      const a0 = a[r0 + k]! - u0 * qk - q0 * uk;
      a[r0 + k] = a0;
      const a1 = a[r1 + k]! - u1 * qk - q1 * uk;
      a[r1 + k] = a1;
      s0 += a0 * xk;
      s1 += a1 * xk;
      p[k]! += a0 * x0 + a1 * x1;
    }
    const d0 = a[r0 + j]! - 2 * u0 * q0;
    a[r0 + j] = d0;
    p[j] = s0 + d0 * x0;
    if (r1 === r0) break;
    const beside = a[r1 + j]! - u1 * q0 - q1 * u0;
    const d1 = a[r1 + j + 1]! - 2 * u1 * q1;
    a[r1 + j] = beside;
    a[r1 + j + 1] = d1;
    p[j]! += beside * x1;
    p[j + 1] = s1 + beside * x0 + d1 * x1;
  }
}
