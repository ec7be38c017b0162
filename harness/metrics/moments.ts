import {
  type Matrix,
  matrix,
  type Product,
  product,
  type Rows,
  rowRange,
  rowTiles,
  TILE,
  transpose,
} from "../linear-algebra/index.ts";

/** Additive statistics of feature rows: shards and jackknife groups merge by addition, memory is flat in n. */
export interface Moments {
  readonly n: number;
  /** Σx, d numbers. */
  readonly sum: Float64Array;
  /** Σx·xᵀ, d×d. */
  readonly products: Matrix;
}

/** Moments of rows that come in batches of any size and need not be kept. */
export interface MomentsAccumulator {
  add(rows: Matrix): Promise<void>;
  /** Of all rows added so far. */
  moments(): Promise<Moments>;
}

/** Rows are gathered to a tile, then added by one product. */
export function momentsAccumulator(dims: number, multiply: Product = product): MomentsAccumulator {
  const tile = matrix(TILE, dims);
  let [n, held] = [0, 0];
  const sum = new Float64Array(dims);
  const products = matrix(dims, dims);
  const flush = async (): Promise<void> => {
    const columns = transpose(rowRange(tile, 0, held));
    held = 0;
    const found = await multiply(columns, columns);
    for (let at = 0; at < found.data.length; at++) products.data[at]! += found.data[at]!;
  };
  return {
    async add(rows) {
      if (rows.cols !== dims) throw new RangeError(`moments of ${dims} and of ${rows.cols} dimensions`);
      for (let from = 0; from < rows.rows; ) {
        const part = rowRange(rows, from, Math.min(from + TILE - held, rows.rows));
        tile.data.set(part.data, held * dims);
        addRows(sum, part);
        n += part.rows;
        held += part.rows;
        from += part.rows;
        if (held === TILE) await flush();
      }
    },
    async moments() {
      if (held > 0) await flush();
      return { n, sum: sum.slice(), products: matrix(dims, dims, products.data.slice()) };
    },
  };
}

function addRows(sum: Float64Array, rows: Matrix): void {
  for (let i = 0, at = 0; i < rows.rows; i++)
    for (let j = 0; j < sum.length; j++) sum[j]! += rows.data[at++]!;
}

export async function momentsOf(features: Matrix | Rows, multiply: Product = product): Promise<Moments> {
  const accumulator = momentsAccumulator(features.cols, multiply);
  for await (const { tile } of rowTiles(features)) await accumulator.add(tile);
  return accumulator.moments();
}

export function addMoments(a: Moments, b: Moments): Moments {
  return combine(a, b, 1);
}

/** The statistics of what is in `a` but not in `b`, a part of it. */
export function subtractMoments(a: Moments, b: Moments): Moments {
  return combine(a, b, -1);
}

function combine(a: Moments, b: Moments, sign: 1 | -1): Moments {
  const d = a.sum.length;
  if (b.sum.length !== d) throw new RangeError(`moments of ${d} and of ${b.sum.length} dimensions`);
  return {
    n: a.n + sign * b.n,
    sum: a.sum.map((x, i) => x + sign * b.sum[i]!),
    products: matrix(
      d,
      d,
      a.products.data.map((x, i) => x + sign * b.products.data[i]!),
    ),
  };
}

export function meanOf({ n, sum }: Moments): Float64Array {
  if (n < 1) throw new RangeError(`the mean of ${n} samples`);
  return sum.map((x) => x / n);
}

/** The unbiased covariance (divisor n − 1). */
export function covarianceOf(moments: Moments): Matrix {
  const { n, sum, products } = moments;
  if (n < 2) throw new RangeError(`a covariance needs at least 2 samples, got ${n}`);
  const mean = meanOf(moments);
  const d = sum.length;
  const covariance = matrix(d, d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      covariance.data[i * d + j] = (products.data[i * d + j]! - sum[i]! * mean[j]!) / (n - 1);
    }
  }
  return covariance;
}
