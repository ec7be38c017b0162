import type { Band } from "./band-reduction.ts";
import { reflector } from "./reflector.ts";

/** A symmetric tridiagonal matrix: n numbers on the diagonal, n−1 beside it. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly off: Float64Array;
}

/**
 * Tridiagonalises a symmetric band matrix of half-width a multiple of 4, overwritten (6·n²·width flops). For every column a reflector clears
 * what lies below the subdiagonal; the bulge it makes `width` rows further down gets a reflector for its first
 * column alone, and so on to the end: the rest of each bulge waits for the next column's sweep (Bischof, Lang,
 * Sun 2000, the second stage of SBR).
 */
export function chaseBulges({ n, width, data }: Band): Tridiagonal {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(Math.max(n - 1, 0));
  const work = new Float64Array(width);
  let [u, next] = [new Float64Array(width), new Float64Array(width)];
  const stride = 2 * width;
  for (let j = 0; j < n; j++) {
    diagonal[j] = data[j * stride]!;
    let start = j + 1;
    let end = Math.min(start + width, n);
    if (start === n) break;
    let h = clearColumn(data, j * stride + 1, end - start, u);
    off[j] = data[j * stride + 1]!;
    for (;;) {
      if (h > 0) reflectDiagonalBlock(data, stride, start, end - start, u, h, work);
      const far = Math.min(end + width, n);
      if (end === far) break;
      const block = { at: start * stride + end - start, rows: far - end, columns: end - start };
      h = reflectBlock(data, stride, block, u, h, next, work);
      [u, next] = [next, u];
      [start, end] = [end, far];
    }
  }
  return { diagonal, off };
}

/** Puts into `u` the reflector that clears `length` numbers but the first, clears them, and returns its h. */
function clearColumn(data: Float64Array, at: number, length: number, u: Float64Array): number {
  for (let i = 0; i < length; i++) u[i] = data[at + i]!;
  const { alpha, h } = reflector(u, 0, length, 0);
  data[at] = alpha;
  data.fill(0, at + 1, at + length);
  return h;
}

/**
 * A ← H·A·H on a diagonal block of `size` rows: A − u·qᵀ − q·uᵀ, q = p/h − (uᵀp/2h²)·u, p = A·u. Columns in pairs, so that
 * no sum waits for itself alone.
 */
function reflectDiagonalBlock(
  data: Float64Array,
  stride: number,
  start: number,
  size: number,
  u: Float64Array,
  h: number,
  q: Float64Array,
): void {
  q.fill(0, 0, size);
  for (let c = 0; c < size; c += 2) {
    const left = (start + c) * stride - c;
    const right = left + stride - 1;
    const [u0, u1] = [u[c]!, c + 1 < size ? u[c + 1]! : 0];
    const corner = c + 1 < size ? data[left + c + 1]! : 0;
    let s0 = data[left + c]! * u0 + corner * u1;
    let s1 = corner * u0 + (c + 1 < size ? data[right + c + 1]! * u1 : 0);
    for (let r = c + 2; r < size; r++) {
      const x0 = data[left + r]!;
      const x1 = data[right + r]!;
      const ur = u[r]!;
      s0 += x0 * ur;
      s1 += x1 * ur;
      q[r]! += x0 * u0 + x1 * u1;
    }
    q[c]! += s0;
    if (c + 1 < size) q[c + 1]! += s1;
  }
  let dot = 0;
  for (let r = 0; r < size; r++) dot += u[r]! * q[r]!;
  const shift = dot / (2 * h * h);
  for (let r = 0; r < size; r++) q[r] = q[r]! / h - shift * u[r]!;
  for (let c = 0; c < size; c++) {
    const column = (start + c) * stride - c;
    const uc = u[c]!;
    const qc = q[c]!;
    for (let r = c; r < size; r++) data[column + r]! -= u[r]! * qc + q[r]! * uc;
  }
}

/** A block off the diagonal; its columns lie `stride − 1` apart. */
interface Block {
  readonly at: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * E ← H'·E·H, with H = 1 − u·uᵀ/h and H' = 1 − v·vᵀ/h' that which clears the first column of E·H but for its first element:
 * E − w·uᵀ − v·qᵀ, w = E·u/h, q = (Eᵀv − (wᵀv)·u)/h'. Finds v, returns h'. Four columns at once: each number of u, v
 * and w serves four, and no sum waits for itself alone.
 */
function reflectBlock(
  data: Float64Array,
  stride: number,
  { at, rows, columns }: Block,
  u: Float64Array,
  h: number,
  v: Float64Array,
  w: Float64Array,
): number {
  const step = stride - 1;
  w.fill(0, 0, rows);
  if (h > 0) {
    for (let c = 0; c < columns; c += 4) {
      const c0 = at + c * step;
      const [c1, c2, c3] = [c0 + step, c0 + 2 * step, c0 + 3 * step];
      const [f0, f1, f2, f3] = [u[c]! / h, u[c + 1]! / h, u[c + 2]! / h, u[c + 3]! / h];
      for (let r = 0; r < rows; r++)
        w[r]! += data[c0 + r]! * f0 + data[c1 + r]! * f1 + (data[c2 + r]! * f2 + data[c3 + r]! * f3);
    }
  }
  for (let r = 0; r < rows; r++) v[r] = data[at + r]! - w[r]! * u[0]!;
  const { alpha, h: next } = reflector(v, 0, rows, 0);
  const scale = next > 0 ? 1 / next : 0;
  let wv = 0;
  for (let r = 0; r < rows; r++) wv += w[r]! * v[r]!;
  for (let c = 0; c < columns; c += 4) {
    const c0 = at + c * step;
    const [c1, c2, c3] = [c0 + step, c0 + 2 * step, c0 + 3 * step];
    const [u0, u1, u2, u3] = [u[c]!, u[c + 1]!, u[c + 2]!, u[c + 3]!];
    let [q0, q1, q2, q3] = [-wv * u0, -wv * u1, -wv * u2, -wv * u3];
    for (let r = 0; r < rows; r++) {
      const vr = v[r]!;
      q0 += data[c0 + r]! * vr;
      q1 += data[c1 + r]! * vr;
      q2 += data[c2 + r]! * vr;
      q3 += data[c3 + r]! * vr;
    }
    q0 *= scale;
    q1 *= scale;
    q2 *= scale;
    q3 *= scale;
    for (let r = 0; r < rows; r++) {
      const wr = w[r]!;
      const vr = v[r]!;
      data[c0 + r]! -= wr * u0 + vr * q0;
      data[c1 + r]! -= wr * u1 + vr * q1;
      data[c2 + r]! -= wr * u2 + vr * q2;
      data[c3 + r]! -= wr * u3 + vr * q3;
    }
  }
  data[at] = alpha;
  data.fill(0, at + 1, at + rows);
  return next;
}
