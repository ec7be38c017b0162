import { type Matrix, matrix, type Product, rowRange } from "../linear-algebra/index.ts";
import { momentsOf } from "../metrics/index.ts";
import type { Moments } from "../metrics/moments.ts";

/** Rows that are summed at once: enough for the product to be fast, few enough to hold. */
const BLOCK = 512;

/** Moments of rows that come in batches of any size and need not be kept: memory does not grow with them. */
export interface MomentsAccumulator {
  add(rows: Matrix): Promise<void>;
  /** Of all rows added so far. */
  moments(): Promise<Moments>;
}

export function momentsAccumulator(dims: number, multiply: Product): MomentsAccumulator {
  const block = matrix(BLOCK, dims);
  const sum = new Float64Array(dims);
  const products = matrix(dims, dims);
  let [n, held] = [0, 0];
  const flush = async (): Promise<void> => {
    const found = await momentsOf(rowRange(block, 0, held), multiply);
    n += held;
    held = 0;
    for (let j = 0; j < dims; j++) sum[j]! += found.sum[j]!;
    for (let at = 0; at < products.data.length; at++) products.data[at]! += found.products.data[at]!;
  };
  return {
    async add(rows) {
      for (let from = 0; from < rows.rows; ) {
        const part = rowRange(rows, from, Math.min(from + BLOCK - held, rows.rows));
        block.data.set(part.data, held * dims);
        held += part.rows;
        from += part.rows;
        if (held === BLOCK) await flush();
      }
    },
    async moments() {
      if (held > 0) await flush();
      return { n, sum, products };
    },
  };
}
