import { type Matrix, matrix } from "./matrix.ts";

/**
 * A·Bᵀ of an m×k and an n×k matrix, m×n: every pairwise dot product of rows. Whoever has a faster
 * float64 matmul (a backend's) hands one in; `product` below is the plain one. `room`, numbers nobody needs any more,
 * may be written over where it is large enough: memory new from the system costs more than a product of short rows.
 */
export type Product = (a: Matrix, b: Matrix, room?: Float64Array) => Matrix | Promise<Matrix>;

/** Rows of B kept near, whole triples: 24 rows of 1,280 float64 are 246 kB, within a second-level cache. */
const BLOCK = 24;

/**
 * A·Bᵀ in plain TypeScript. Each dot product is summed first to last, wherever it falls in a tile, so
 * equal rows give equal numbers. With `a === b` only one triangle is computed.
 */
export function product(a: Matrix, b: Matrix): Matrix {
  if (a.cols !== b.cols) throw new RangeError(`A·Bᵀ: A has ${a.cols} columns, B has ${b.cols}`);
  const out = matrix(a.rows, b.rows);
  const symmetric = a === b;
  for (let j0 = 0; j0 < b.rows; j0 += BLOCK) {
    const j1 = Math.min(j0 + BLOCK, b.rows);
    for (let i = symmetric ? j0 : 0; i < a.rows; i += 3) {
      let j = j0;
      if (i + 3 <= a.rows) for (; j + 3 <= j1; j += 3) dotsOf3By3(a, b, out, i, j);
      for (; j < j1; j++) {
        for (let r = i; r < Math.min(i + 3, a.rows); r++) out.data[r * b.rows + j] = dot(a, r, b, j);
      }
    }
  }
  if (symmetric) mirrorLower(out);
  return out;
}

function dot(a: Matrix, i: number, b: Matrix, j: number): number {
  const k = a.cols;
  let sum = 0;
  for (let p = 0, x = i * k, y = j * k; p < k; p++) sum += a.data[x++]! * b.data[y++]!;
  return sum;
}

/** Nine dot products at once: six loads feed nine multiply-adds, all sums in registers. */
function dotsOf3By3(a: Matrix, b: Matrix, out: Matrix, i: number, j: number): void {
  const k = a.cols;
  const x = a.data;
  const y = b.data;
  let [s00, s01, s02, s10, s11, s12, s20, s21, s22] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  const a0 = i * k;
  const a1 = a0 + k;
  const a2 = a1 + k;
  const b0 = j * k;
  const b1 = b0 + k;
  const b2 = b1 + k;
  for (let p = 0; p < k; p++) {
    const x0 = x[a0 + p]!;
    const x1 = x[a1 + p]!;
    const x2 = x[a2 + p]!;
    const y0 = y[b0 + p]!;
    const y1 = y[b1 + p]!;
    const y2 = y[b2 + p]!;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
  }
  const o = out.data;
  const n = out.cols;
  const at = i * n + j;
  o[at] = s00;
  o[at + 1] = s01;
  o[at + 2] = s02;
  o[at + n] = s10;
  o[at + n + 1] = s11;
  o[at + n + 2] = s12;
  o[at + 2 * n] = s20;
  o[at + 2 * n + 1] = s21;
  o[at + 2 * n + 2] = s22;
}

/** Copies the lower triangle of a square matrix into its upper one. */
function mirrorLower(a: Matrix): void {
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < i; j++) a.data[j * a.cols + i] = a.data[i * a.cols + j]!;
  }
}
