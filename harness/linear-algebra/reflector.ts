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
