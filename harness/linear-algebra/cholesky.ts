import { dotProduct, type Matrix, matrix, selectRows } from "./matrix.ts";
import { type Product, product } from "./product.ts";

/** Pivots found before what remains is brought up to date by one product. */
const BLOCK = 128;

export interface SemidefiniteFactor {
  /** F, r×d, its rows in the order of their pivots: triangular up to a permutation, graded from large to small. */
  readonly factor: Matrix;
  /** The largest |element| of A − Fᵀ·F. */
  readonly remainder: number;
}

/**
 * F with Fᵀ·F = A for a symmetric positive semidefinite d×d matrix of rank r: Cholesky with diagonal pivoting, which
 * stops where every remaining pivot is noise: ≤ d·ε of the largest diagonal element (Higham 1990, LAPACK dpstrf), or
 * no larger than one below 0 (as where A was rounded to float32). What it leaves of a matrix that is not semidefinite
 * is large.
 */
export async function semidefiniteFactor(
  a: Matrix,
  multiply: Product = product,
): Promise<SemidefiniteFactor> {
  const d = a.rows;
  if (d !== a.cols) throw new RangeError(`Cholesky factor of a ${d}×${a.cols} matrix: it must be square`);
  let floor = 0;
  for (let i = 0; i < d; i++) floor = Math.max(floor, d * Number.EPSILON * a.data[i * d + i]!);
  const factor: Float64Array[] = [];
  let rest = a;
  let room: Float64Array | undefined;
  let places = Array.from({ length: d }, (_, i) => i);
  for (let found = BLOCK; found === BLOCK; ) {
    const { pivots, columns } = pivotedColumns(rest, floor);
    found = pivots.length;
    const rows = pivots.map(() => new Float64Array(d));
    for (let i = 0; i < rest.rows; i++)
      for (let q = 0; q < found; q++) rows[q]![places[i]!] = columns.data[i * BLOCK + q]!;
    factor.push(...rows);
    const isPivot = new Set(pivots);
    const kept = Int32Array.from(places.keys()).filter((i) => !isPivot.has(i));
    const next = await schurComplement(rest, selectRows(columns, kept), kept, multiply, room);
    if (rest !== a) room = rest.data;
    rest = next;
    places = places.filter((_, i) => !isPivot.has(i));
  }
  const out = matrix(factor.length, d);
  for (const [i, row] of factor.entries()) out.data.set(row, i * d);
  return { factor: out, remainder: rest.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0) };
}

/** The next columns of Lᵀ's pivoted factor, at most `BLOCK`, beside the pivots' rows in the order found. */
function pivotedColumns(a: Matrix, floor: number): { pivots: number[]; columns: Matrix } {
  const n = a.rows;
  const columns = matrix(n, BLOCK);
  const l = columns.data;
  const remaining = Float64Array.from({ length: n }, (_, i) => a.data[i * n + i]!);
  const dots = new Float64Array(n);
  const pivots: number[] = [];
  while (pivots.length < BLOCK) {
    let pivot = 0;
    let noise = floor;
    for (let i = 0; i < n; i++) {
      if (remaining[i]! > remaining[pivot]!) pivot = i;
      if (remaining[i]! < -noise && remaining[i] !== -Infinity) noise = -remaining[i]!;
    }
    if (!(remaining[pivot]! > noise)) break;
    const q = pivots.length;
    const root = Math.sqrt(remaining[pivot]!);
    dotsWithRow(l, pivot * BLOCK, q, dots);
    for (let i = 0; i < n; i++) {
      if (remaining[i] === -Infinity) continue;
      const value = (a.data[pivot * n + i]! - dots[i]!) / root;
      l[i * BLOCK + q] = value;
      remaining[i]! -= value * value;
    }
    l[pivot * BLOCK + q] = root;
    // A pivot's row is done: nothing is below it.
    remaining[pivot] = -Infinity;
    pivots.push(pivot);
  }
  return { pivots, columns };
}

/** The dot products of every row's first `length` numbers with those at `row`. Four rows at once: each number there serves four. */
function dotsWithRow(l: Float64Array, row: number, length: number, dots: Float64Array): void {
  let i = 0;
  for (; i + 3 < dots.length; i += 4) {
    const r0 = i * BLOCK;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let k = 0; k < length; k++) {
      const x = l[row + k]!;
      s0 += l[r0 + k]! * x;
      s1 += l[r0 + BLOCK + k]! * x;
      s2 += l[r0 + 2 * BLOCK + k]! * x;
      s3 += l[r0 + 3 * BLOCK + k]! * x;
    }
    dots[i] = s0;
    dots[i + 1] = s1;
    dots[i + 2] = s2;
    dots[i + 3] = s3;
  }
  for (; i < dots.length; i++) dots[i] = dotProduct(l, i * BLOCK, l, row, length);
}

/** The rows and columns `kept`, less what the columns found explain. */
async function schurComplement(
  a: Matrix,
  columns: Matrix,
  kept: Int32Array,
  multiply: Product,
  room: Float64Array | undefined,
): Promise<Matrix> {
  const explained = await multiply(columns, columns, room);
  const [from, to] = [a.data, explained.data];
  for (let i = 0, at = 0; i < kept.length; i++) {
    const row = kept[i]! * a.cols;
    for (let j = 0; j < kept.length; j++, at++) to[at] = from[row + kept[j]!]! - to[at]!;
  }
  return explained;
}

/**
 * Solves A·X = B for a symmetric positive definite n×n A (lower triangle read) and an n×c B.
 *
 * @throws RangeError where A is not positive definite
 */
export function solvePositiveDefinite(a: Matrix, b: Matrix): Matrix {
  const n = a.rows;
  if (n !== a.cols || n !== b.rows) {
    throw new RangeError(`A·X = B: A is ${n}×${a.cols}, B is ${b.rows}×${b.cols}`);
  }
  const l = lowerCholesky(a);
  const x = matrix(n, b.cols, b.data.slice());
  const subtract = (row: number, factor: number, from: number): void => {
    for (let c = 0; c < b.cols; c++) x.data[row * b.cols + c]! -= factor * x.data[from * b.cols + c]!;
  };
  const divide = (row: number): void => {
    for (let c = 0; c < b.cols; c++) x.data[row * b.cols + c]! /= l[row * n + row]!;
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtract(i, l[i * n + k]!, k);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    divide(i);
    for (let k = 0; k < i; k++) subtract(k, l[i * n + k]!, i);
  }
  return x;
}

/** L with L·Lᵀ = A, row after row, so that every inner loop runs along two rows. */
function lowerCholesky(a: Matrix): Float64Array {
  const n = a.rows;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = a.data[i * n + j]! - dotProduct(l, i * n, l, j * n, j);
      if (i === j && !(value > 0)) {
        throw new RangeError(`the matrix is not positive definite: pivot ${i} of ${n} is ${value}`);
      }
      l[i * n + j] = i === j ? Math.sqrt(value) : value / l[j * n + j]!;
    }
  }
  return l;
}
