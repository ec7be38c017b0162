import { type Matrix, matrix, transpose } from "./matrix.ts";
import { reflector } from "./reflector.ts";

/**
 * L of A = L·Q with QQᵀ = 1, m×m lower triangular, for an m×n matrix with m ≤ n: Householder reflectors
 * from the right, row after row. Any choice of rows of L has the singular values of those rows of A.
 */
export function lowerFactor(a: Matrix): Matrix {
  const { rows: m, cols: n } = a;
  if (m > n) throw new RangeError(`L of L·Q needs rows ≤ columns, got ${m}×${n}`);
  const data = a.data.slice();
  const lower = matrix(m, m);
  for (let i = 0; i < m; i++) {
    const u = data.subarray(i * n, (i + 1) * n);
    for (let k = 0; k < i; k++) lower.data[i * m + k] = u[k]!;
    const { alpha, h } = reflector(u, i, n, i);
    lower.data[i * m + i] = alpha;
    if (h === 0) continue;
    reflectRows(data, i + 1, m, n, i, u, h);
  }
  return lower;
}

/** Row ← row − (row·u/h)·uᵀ on rows from…m and columns k…n. Four rows at a time: one sum alone would wait for itself. */
function reflectRows(
  a: Float64Array,
  from: number,
  m: number,
  n: number,
  k: number,
  u: Float64Array,
  h: number,
): void {
  let i = from;
  for (; i + 3 < m; i += 4) {
    const r0 = i * n;
    const r1 = r0 + n;
    const r2 = r1 + n;
    const r3 = r2 + n;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = k; j < n; j++) {
      const uj = u[j]!;
      s0 += a[r0 + j]! * uj;
      s1 += a[r1 + j]! * uj;
      s2 += a[r2 + j]! * uj;
      s3 += a[r3 + j]! * uj;
    }
    s0 /= h;
    s1 /= h;
    s2 /= h;
    s3 /= h;
    for (let j = k; j < n; j++) {
      const uj = u[j]!;
      a[r0 + j]! -= s0 * uj;
      a[r1 + j]! -= s1 * uj;
      a[r2 + j]! -= s2 * uj;
      a[r3 + j]! -= s3 * uj;
    }
  }
  for (; i < m; i++) {
    let sum = 0;
    for (let j = k; j < n; j++) sum += a[i * n + j]! * u[j]!;
    sum /= h;
    for (let j = k; j < n; j++) a[i * n + j]! -= sum * u[j]!;
  }
}

/** A matrix with rows ≥ columns and the singular values of `a`, as small as one reduction makes it. */
export function tallReduction(a: Matrix): Matrix {
  const wide = a.rows <= a.cols ? a : transpose(a);
  // Reducing first pays from a ratio of 5/3 on (Chan 1982).
  return transpose(wide.cols * 3 > wide.rows * 5 ? lowerFactor(wide) : wide);
}
