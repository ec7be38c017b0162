import {
  type Matrix,
  matrix,
  type Rows,
  rowRange,
  selectRows,
  TILE,
} from "../../../harness/linear-algebra/index.ts";

/** The deterministic uniform numbers u(i, t) the metrics' goldens are made of. */
function u(i: number, t: number): number {
  let x = (i + 1 + 1000003 * t) >>> 0;
  for (let round = 0; round < 2; round++) {
    x ^= x >>> 16;
    x = Math.imul(x, 0x45d9f3b) >>> 0;
  }
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

export function uniformRows(rows: number, cols: number, t: number, factor = 1): Matrix {
  return matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, (_, i) => factor * u(i, t)),
  );
}

/** R and G of the goldens, 64×16. */
export const R = uniformRows(64, 16, 200);
export const G = uniformRows(64, 16, 201, 1.1);

/** Jackknife groups 0…count−1 in turn. */
export function turns(n: number, count: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => i % count);
}

export function without(a: Matrix, groups: Int32Array, group: number): Matrix {
  const kept = Array.from(groups.keys()).filter((i) => groups[i] !== group);
  return matrix(
    kept.length,
    a.cols,
    Float64Array.from(kept.flatMap((i) => [...a.data.subarray(i * a.cols, (i + 1) * a.cols)])),
  );
}

/** The same rows as a file gives them: later, and no more at once than `most`. */
export function asRows(a: Matrix, most = TILE): Rows {
  const check = (count: number): void => {
    if (count > most) throw new Error(`${count} rows at once, where ${most} are held`);
  };
  return {
    rows: a.rows,
    cols: a.cols,
    async range(from, to) {
      check(to - from);
      return rowRange(a, from, to);
    },
    async select(indices) {
      check(indices.length);
      return selectRows(a, indices);
    },
  };
}
