import type { Band } from "./band-reduction.ts";
import { reflector } from "./reflector.ts";

/** A symmetric tridiagonal matrix: n numbers on the diagonal, n−1 beside it. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly off: Float64Array;
}

/**
 * Tridiagonalises a symmetric band matrix, overwritten (6·n²·width flops). For every column a reflector clears
 * what lies below the subdiagonal; the bulge it makes `width` rows further down gets a reflector for its first
 * column alone, and so on to the end: the rest of each bulge waits for the next column's sweep (Bischof, Lang,
 * Sun 2000, the second stage of SBR).
 */
export function chaseBulges({ n, width, data }: Band): Tridiagonal {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(Math.max(n - 1, 0));
  const [u, work] = [new Float64Array(width), new Float64Array(width)];
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
      const next = Math.min(end + width, n);
      if (end === next) break;
      const block = { at: start * stride + end - start, rows: next - end, columns: end - start };
      if (h > 0) reflectColumns(data, stride, block, u, h, work);
      h = clearColumn(data, block.at, block.rows, u);
      if (h > 0) reflectRows(data, stride, block, u, h);
      [start, end] = [end, next];
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

/** A ← H·A·H on a diagonal block of `size` rows: A − u·qᵀ − q·uᵀ, q = p/h − (uᵀp/2h²)·u, p = A·u. */
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
  for (let c = 0; c < size; c++) {
    const column = (start + c) * stride - c;
    const uc = u[c]!;
    let sum = data[column + c]! * uc;
    for (let r = c + 1; r < size; r++) {
      const value = data[column + r]!;
      sum += value * u[r]!;
      q[r]! += value * uc;
    }
    q[c]! += sum;
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

/** E ← E·H = E − (E·u/h)·uᵀ. */
function reflectColumns(
  data: Float64Array,
  stride: number,
  { at, rows, columns }: Block,
  u: Float64Array,
  h: number,
  w: Float64Array,
): void {
  w.fill(0, 0, rows);
  for (let c = 0; c < columns; c++) {
    const column = at + c * (stride - 1);
    const factor = u[c]! / h;
    for (let r = 0; r < rows; r++) w[r]! += data[column + r]! * factor;
  }
  for (let c = 0; c < columns; c++) {
    const column = at + c * (stride - 1);
    const factor = u[c]!;
    for (let r = 0; r < rows; r++) data[column + r]! -= w[r]! * factor;
  }
}

/** E ← H·E on all columns but the first, which is cleared already. */
function reflectRows(
  data: Float64Array,
  stride: number,
  { at, rows, columns }: Block,
  u: Float64Array,
  h: number,
): void {
  for (let c = 1; c < columns; c++) {
    const column = at + c * (stride - 1);
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += data[column + r]! * u[r]!;
    sum /= h;
    for (let r = 0; r < rows; r++) data[column + r]! -= sum * u[r]!;
  }
}
