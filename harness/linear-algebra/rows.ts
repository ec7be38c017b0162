import { type Matrix, matrix, rowRange, selectRows } from "./matrix.ts";

/** Rows that may be too many to hold, read when they are needed; a matrix given out is not written to again. */
export interface Rows {
  readonly rows: number;
  readonly cols: number;
  /** Rows from (included) to (excluded). */
  range(from: number, to: number): Matrix | Promise<Matrix>;
  /** The rows at `indices`, in that order. */
  select(indices: Int32Array): Matrix | Promise<Matrix>;
}

/** Rows worked on at once: 1024 of 2,048 float64 are 16.8 MB, 1024² distances 8.4 MB, whatever the number of rows in all. */
export const TILE = 1024;

/** Rows of their own: products with the same rows in another guise are not taken to be symmetric. */
export const rowsOf = (a: Matrix | Rows): Rows => ({
  rows: a.rows,
  cols: a.cols,
  range: (from, to) => ("range" in a ? a.range(from, to) : rowRange(a, from, to)),
  select: (indices) => ("select" in a ? a.select(indices) : selectRows(a, indices)),
});

/**
 * Rows that lie somewhere else. Neighbouring ones that are all wanted are read together.
 * @param read rows from (included) to (excluded), one after another
 */
export function storedRows(
  rows: number,
  cols: number,
  read: (from: number, to: number) => Promise<Float64Array>,
): Rows {
  return {
    rows,
    cols,
    range: async (from, to) => matrix(to - from, cols, await read(from, to)),
    async select(indices) {
      const out = matrix(indices.length, cols);
      for (let from = 0, to = 1; from < indices.length; from = to++) {
        while (to < indices.length && indices[to] === indices[to - 1]! + 1) to++;
        out.data.set(await read(indices[from]!, indices[to - 1]! + 1), from * cols);
      }
      return out;
    },
  };
}

/** The rows at `indices`, in that order, read when they are needed. */
export function chosenRows(a: Matrix | Rows, indices: Int32Array): Rows {
  const source = rowsOf(a);
  return {
    rows: indices.length,
    cols: a.cols,
    range: (from, to) => source.select(indices.subarray(from, to)),
    select: (chosen) => source.select(chosen.map((i) => indices[i]!)),
  };
}

/** `map` of the rows, of `cols` columns, computed when they are needed; it may overwrite nothing it is given. */
export function mappedRows(
  a: Matrix | Rows,
  cols: number,
  map: (rows: Matrix) => Matrix | Promise<Matrix>,
): Rows {
  const source = rowsOf(a);
  return {
    rows: a.rows,
    cols,
    range: async (from, to) => map(await source.range(from, to)),
    select: async (indices) => map(await source.select(indices)),
  };
}

/** All rows in order, at most `TILE` at once. */
export async function* rowTiles(a: Matrix | Rows): AsyncGenerator<{ readonly start: number; tile: Matrix }> {
  const source = rowsOf(a);
  for (let start = 0; start < a.rows; start += TILE)
    yield { start, tile: await source.range(start, Math.min(start + TILE, a.rows)) };
}
