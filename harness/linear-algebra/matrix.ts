/** A dense float64 matrix, row after row: element (i, j) is `data[i·cols + j]`. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** A zero matrix, or one over `data` (not copied), which must hold rows·cols numbers. */
export function matrix(
  rows: number,
  cols: number,
  data: Float64Array = new Float64Array(rows * cols),
): Matrix {
  if (data.length !== rows * cols) {
    throw new RangeError(`a ${rows}×${cols} matrix needs ${rows * cols} numbers, got ${data.length}`);
  }
  return { rows, cols, data };
}

/**
 * Feature rows as float64, every number checked.
 *
 * @param values n·dims numbers, row after row
 * @throws RangeError naming `name` where the length is no multiple of dims or a number is not finite
 */
export function featureMatrix(name: string, values: Float32Array | Float64Array, dims: number): Matrix {
  if (!Number.isInteger(dims) || dims < 1)
    throw new RangeError(`${name}: dims must be an integer ≥ 1, got ${dims}`);
  if (values.length % dims !== 0) {
    throw new RangeError(`${name}: ${values.length} numbers are no whole rows of ${dims}`);
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) {
      throw new RangeError(`${name}: row ${Math.floor(i / dims)}, dimension ${i % dims} is ${values[i]}`);
    }
  }
  return matrix(values.length / dims, dims, Float64Array.from(values));
}

/** Rows from (included) to (excluded), sharing the numbers of `a`. */
export function rowRange(a: Matrix, from: number, to: number): Matrix {
  return matrix(to - from, a.cols, a.data.subarray(from * a.cols, to * a.cols));
}

/** Copies the rows at `indices`, in that order. */
export function selectRows(a: Matrix, indices: ArrayLike<number>): Matrix {
  const out = matrix(indices.length, a.cols);
  for (let r = 0; r < indices.length; r++) {
    const from = indices[r]! * a.cols;
    out.data.set(a.data.subarray(from, from + a.cols), r * a.cols);
  }
  return out;
}

export function transpose(a: Matrix): Matrix {
  const out = matrix(a.cols, a.rows);
  const tile = 32;
  for (let i0 = 0; i0 < a.rows; i0 += tile) {
    const i1 = Math.min(i0 + tile, a.rows);
    for (let j = 0; j < a.cols; j++) {
      for (let i = i0; i < i1; i++) out.data[j * a.rows + i] = a.data[i * a.cols + j]!;
    }
  }
  return out;
}

export function scale(a: Matrix, factor: number): Matrix {
  return matrix(
    a.rows,
    a.cols,
    a.data.map((x) => x * factor),
  );
}

export function columnMeans(a: Matrix): Float64Array {
  const means = new Float64Array(a.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) means[j]! += a.data[i * a.cols + j]!;
  }
  return means.map((sum) => sum / a.rows);
}

/** Subtracts `row` from every row. */
export function subtractRow(a: Matrix, row: Float64Array): Matrix {
  const out = matrix(a.rows, a.cols, a.data.slice());
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) out.data[i * a.cols + j]! -= row[j]!;
  }
  return out;
}

export function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}

/** Σ x[at+k]·y[at+k] over `length` numbers, in four sums, since one alone would wait for itself. */
export function dotProduct(
  x: Float64Array,
  xAt: number,
  y: Float64Array,
  yAt: number,
  length: number,
): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += x[xAt + k]! * y[yAt + k]!;
    s1 += x[xAt + k + 1]! * y[yAt + k + 1]!;
    s2 += x[xAt + k + 2]! * y[yAt + k + 2]!;
    s3 += x[xAt + k + 3]! * y[yAt + k + 3]!;
  }
  for (; k < length; k++) s0 += x[xAt + k]! * y[yAt + k]!;
  return s0 + s1 + (s2 + s3);
}
