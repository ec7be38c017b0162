/**
 * Eigenvalues of a symmetric tridiagonal matrix, ascending: implicit QL with Wilkinson shifts
 * (Dubrulle, Martin, Wilkinson 1968; EISPACK imtql1). O(n²), absolute errors of a few ulp of the norm.
 *
 * @param diagonal n numbers
 * @param off n−1 numbers beside the diagonal
 */
export function tridiagonalEigenvalues(diagonal: Float64Array, off: Float64Array): Float64Array {
  const n = diagonal.length;
  const norm = Math.max(maxAbsolute(diagonal), maxAbsolute(off));
  if (norm === 0) return new Float64Array(n);
  // QL keeps small eigenvalues of a graded matrix where it ends in the large ones (LAPACK dsterf turns likewise).
  if (Math.abs(diagonal[0]!) > Math.abs(diagonal[n - 1]!))
    return tridiagonalEigenvalues(diagonal.toReversed(), off.toReversed());
  // Scaled to norm 1, squares can neither overflow nor lose anything that counts.
  const d = diagonal.map((x) => x / norm);
  const e = new Float64Array(n);
  for (let i = 0; i < n - 1; i++) e[i] = off[i]! / norm;
  for (let l = 0; l < n; l++) {
    for (let m = firstNegligible(d, e, l), sweeps = 0; m !== l; m = firstNegligible(d, e, l)) {
      if (m === l + 1) {
        solvePair(d, e, l);
        continue;
      }
      if (sweeps++ === 60) throw new Error(`no convergence at eigenvalue ${l} of ${n} after 60 QL sweeps`);
      qlSweep(d, e, l, m);
    }
  }
  return d.map((x) => x * norm).sort();
}

/** The first m ≥ l whose off-diagonal element is lost in rounding beside the matrix. */
function firstNegligible(d: Float64Array, e: Float64Array, l: number): number {
  let m = l;
  for (; m < d.length - 1; m++) {
    const size = Math.abs(e[m]!);
    if (size <= Number.EPSILON / 4 || size <= (Number.EPSILON / 2) * (Math.abs(d[m]!) + Math.abs(d[m + 1]!)))
      break;
  }
  return m;
}

/** Both eigenvalues of the 2×2 block at l, ½(a + c) ± √(¼(a − c)² + b²), the smaller one without cancellation (LAPACK dlae2). */
function solvePair(d: Float64Array, e: Float64Array, l: number): void {
  const a = d[l]!;
  const c = d[l + 1]!;
  const b = e[l]!;
  e[l] = 0;
  const sum = a + c;
  const root = Math.sqrt((a - c) * (a - c) + 4 * b * b);
  if (sum === 0) {
    d[l] = root / 2;
    d[l + 1] = -root / 2;
    return;
  }
  const large = (sum + (sum < 0 ? -root : root)) / 2;
  d[l] = large;
  d[l + 1] = a * (c / large) - b * (b / large);
}

/** One implicit QL sweep on rows l…m: a bulge chased upwards by plane rotations. */
function qlSweep(d: Float64Array, e: Float64Array, l: number, m: number): void {
  let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  let r = Math.sqrt(g * g + 1);
  g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      // The matrix has split: undo the pending shift and start over.
      d[i + 1]! -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    r = (d[i]! - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
}

function maxAbsolute(values: Float64Array): number {
  let max = 0;
  for (const x of values) max = Math.max(max, Math.abs(x));
  return max;
}
