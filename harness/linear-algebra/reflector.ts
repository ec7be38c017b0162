/**
 * Householder reflector: replaces x[from…to) by u with (1 − u·uᵀ/h)·x = alpha·e, e the unit vector of
 * `pivot`, h = uᵀu/2. Where x already is a multiple of e, u and h are 0. Scaled, so that entries of any
 * size neither overflow nor vanish (Golub, Van Loan, §5.1).
 */
export function reflector(
  x: Float64Array,
  from: number,
  to: number,
  pivot: number,
): { alpha: number; h: number } {
  const head = x[pivot]!;
  let largest = 0;
  for (let k = from; k < to; k++) if (k !== pivot) largest = Math.max(largest, Math.abs(x[k]!));
  if (largest === 0) {
    x.fill(0, from, to);
    return { alpha: head, h: 0 };
  }
  largest = Math.max(largest, Math.abs(head));
  let squares = 0;
  for (let k = from; k < to; k++) squares += (x[k]! / largest) * (x[k]! / largest);
  const norm = largest * Math.sqrt(squares);
  const alpha = head > 0 ? -norm : norm;
  // u = x/‖x‖ ± e, so h = uᵀu/2 = 1 + |head|/‖x‖.
  for (let k = from; k < to; k++) x[k]! /= norm;
  x[pivot] = (head - alpha) / norm;
  return { alpha, h: 1 + Math.abs(head) / norm };
}

/** Row ← row − (row·u/h)·uᵀ on rows from…m and columns k…n. Four rows at a time: one sum alone would wait for itself. */
export function reflectRows(
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
