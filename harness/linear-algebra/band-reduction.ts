import { type Matrix, matrix, rowRange, scale, transpose } from "./matrix.ts";
import { type Product, product } from "./product.ts";
import { reflector, reflectRows } from "./reflector.ts";

/** A symmetric band matrix: column j holds rows j…j+2·width−1, of which the last width−1 are room for fill-in. */
export interface Band {
  readonly n: number;
  readonly width: number;
  /** Element (i, j), i ≥ j, at j·2·width + i − j. */
  readonly data: Float64Array;
}

/** Panels between two updates of the whole matrix: fewer crossings of it, and products over more columns. */
const PANELS = 6;

/**
 * The band of half-width `width` similar to a symmetric matrix (Bischof, Lang, Sun 2000, the first stage of SBR):
 * panel by panel, reflectors clear what lies outside the band. What they do to the rest is kept apart as
 * A − Y·Vᵀ − V·Yᵀ for some panels (Dongarra, Sorensen, Hammarling 1989), so that nearly all of the 2·n³ flops are in
 * `multiply`. It begins at the top: rows graded from large to small keep the digits of small eigenvalues.
 */
export async function reduceToBand(a: Matrix, width: number, multiply: Product): Promise<Band> {
  const band: Band = { n: a.rows, width, data: new Float64Array(a.rows * 2 * width) };
  let rest = a;
  let room: Float64Array | undefined;
  for (let done = 0; ; done += PANELS * width) {
    const pending = noUpdates(rest.rows, PANELS * width);
    let cleared = 0;
    for (; cleared < PANELS * width && cleared + width + 1 < rest.rows; cleared += width) {
      const rows = await currentRows(rest, pending, cleared, cleared + width, multiply);
      const v = clearPanel(rows, cleared + width);
      storeColumns(band, done + cleared, cleared, rows);
      await addUpdate(rest, pending, v, cleared, multiply);
    }
    if (cleared === PANELS * width) {
      const corner = await currentCorner(rest, pending, cleared, multiply, room);
      if (rest !== a) room = rest.data;
      rest = corner;
      continue;
    }
    storeColumns(
      band,
      done + cleared,
      cleared,
      await currentRows(rest, pending, cleared, rest.rows, multiply),
    );
    return band;
  }
}

/** Y·Vᵀ + V·Yᵀ = left·rightᵀ, with left = [Y V] and right = [V Y]; columns not yet found are 0. */
interface Updates {
  readonly left: Matrix;
  readonly right: Matrix;
  /** rightᵀ. */
  readonly rightRows: Matrix;
}

const noUpdates = (rows: number, columns: number): Updates => ({
  left: matrix(rows, 2 * columns),
  right: matrix(rows, 2 * columns),
  rightRows: matrix(2 * columns, rows),
});

async function currentRows(
  a: Matrix,
  { left, right }: Updates,
  from: number,
  to: number,
  multiply: Product,
): Promise<Matrix> {
  const rows = await multiply(rowRange(left, from, to), right);
  subtractFrom(rowRange(a, from, to).data, rows.data);
  return rows;
}

/** Rows and columns `from`…, updates applied. */
async function currentCorner(
  a: Matrix,
  { left, right }: Updates,
  from: number,
  multiply: Product,
  room: Float64Array | undefined,
): Promise<Matrix> {
  const corner = await multiply(rowRange(left, from, a.rows), rowRange(right, from, a.rows), room);
  const n = corner.rows;
  for (let i = 0; i < n; i++) {
    const row = (from + i) * a.cols + from;
    subtractFrom(a.data.subarray(row, row + n), corner.data.subarray(i * n, (i + 1) * n));
  }
  return corner;
}

/** y ← x − y. */
function subtractFrom(x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] = x[i]! - y[i]!;
}

/**
 * Multiplies the rows by reflectors that leave a lower triangle from column `from` on. The reflectors 1 − v·vᵀ are the
 * rows returned, so ‖v‖² = 2, or 0 where there is nothing to clear.
 */
function clearPanel(rows: Matrix, from: number): Matrix {
  const n = rows.cols;
  const reflectors = matrix(rows.rows, n);
  for (let i = 0; i < rows.rows && from + i < n; i++) {
    const pivot = from + i;
    const row = rows.data.subarray(i * n, (i + 1) * n);
    const v = reflectors.data.subarray(i * n, (i + 1) * n);
    v.set(row.subarray(pivot), pivot);
    const { alpha, h } = reflector(v, pivot, n, pivot);
    row.fill(0, pivot);
    row[pivot] = alpha;
    if (h === 0) continue;
    for (let j = pivot; j < n; j++) v[j]! /= Math.sqrt(h);
    reflectRows(rows.data, i + 1, rows.rows, n, pivot, v, 1);
  }
  return reflectors;
}

/** Rows `first`… of the matrix, as columns of the band, as far as the band reaches. */
function storeColumns({ width, data }: Band, at: number, first: number, rows: Matrix): void {
  for (let j = 0; j < rows.rows; j++) {
    const end = Math.min(first + j + width + 1, rows.cols);
    data.set(rows.data.subarray(j * rows.cols + first + j, j * rows.cols + end), (at + j) * 2 * width);
  }
}

/**
 * Adds Qᵀ·A·Q − A for the panel's Q = H₀·H₁… = 1 − Vᵀ·T·V (Schreiber, Van Loan 1989): with Z = A·Vᵀ, A as the
 * pending updates have it, and Y = Z·T − ½·Vᵀ·(Tᵀ·V·Z·T), that is −Y·V − Vᵀ·Yᵀ.
 */
async function addUpdate(
  a: Matrix,
  { left, right, rightRows }: Updates,
  v: Matrix,
  cleared: number,
  multiply: Product,
): Promise<void> {
  const width = v.rows;
  const z = await multiply(left, await multiply(v, rightRows));
  subtractFrom((await multiply(a, v)).data, z.data);
  const t = triangularFactor(await multiply(v, v));
  // Matrices as small as a panel is wide are not worth a backend's call.
  const core = product(t, product(t, await multiply(v, transpose(z))));
  const columns = transpose(v);
  const y = await multiply(beside(z, columns), beside(t, scale(core, -0.5)));
  // Above its own corner a panel changes nothing.
  y.data.fill(0, 0, (cleared + width) * width);
  setColumns(left, cleared, y);
  setColumns(left, left.cols / 2 + cleared, columns);
  setColumns(right, cleared, columns);
  setColumns(right, right.cols / 2 + cleared, y);
  rightRows.data.set(v.data, cleared * v.cols);
  rightRows.data.set(transpose(y).data, (right.cols / 2 + cleared) * v.cols);
}

/** Tᵀ of the reflectors' product, lower triangular, from their Gram matrix: T[:, i] = −T·V·vᵢ above the diagonal of ones. */
function triangularFactor(gram: Matrix): Matrix {
  const b = gram.rows;
  const t = matrix(b, b);
  for (let i = 0; i < b; i++) {
    t.data[i * b + i] = 1;
    for (let j = 0; j < i; j++)
      for (let k = j; k < i; k++) t.data[i * b + j]! -= t.data[k * b + j]! * gram.data[i * b + k]!;
  }
  return t;
}

function beside(a: Matrix, b: Matrix): Matrix {
  const out = matrix(a.rows, a.cols + b.cols);
  setColumns(out, 0, a);
  setColumns(out, a.cols, b);
  return out;
}

/** Copies `part` into the columns of `a` from `column` on. */
function setColumns(a: Matrix, column: number, part: Matrix): void {
  const [to, from] = [a.data, part.data];
  for (let i = 0, at = 0; i < part.rows; i++)
    for (let j = 0, start = i * a.cols + column; j < part.cols; j++) to[start + j] = from[at++]!;
}
