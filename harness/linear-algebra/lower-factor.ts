import { type Matrix, matrix, transpose } from "./matrix.ts";
import { reflector, reflectRows } from "./reflector.ts";

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

/** A matrix with rows ≥ columns and the singular values of `a`, as small as one reduction makes it. */
export function tallReduction(a: Matrix): Matrix {
  const wide = a.rows <= a.cols ? a : transpose(a);
  // Reducing first pays from a ratio of 5/3 on (Chan 1982).
  return transpose(wide.cols * 3 > wide.rows * 5 ? lowerFactor(wide) : wide);
}
