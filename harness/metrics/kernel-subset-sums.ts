import { type Matrix, type Product, productTiles, type Rows, TILE } from "../linear-algebra/index.ts";

/**
 * Σ k(x, y), k = (x·y/d + 1)³, a number a subset: over its rows x of A and y of B; of one matrix, a row is not paired
 * with itself. Every product of A and B is computed once, however many subsets it is in.
 *
 * @param inA, inB different rows of A and of B, a list a subset
 */
export async function subsetKernelSums(
  a: Matrix | Rows,
  inA: readonly Int32Array[],
  b: Matrix | Rows,
  inB: readonly Int32Array[],
  multiply: Product,
): Promise<Float64Array> {
  const sums = new Float64Array(inA.length);
  const [rowsIn, columnsIn] = [inA.map(byTile), inB.map(byTile)];
  for await (const { rowStart, columnStart, dots, mirrored } of productTiles(a, b, multiply)) {
    dotsToKernels(dots.data, a.cols);
    if (a === b && !mirrored) for (let i = 0; i < dots.rows; i++) dots.data[i * (dots.cols + 1)] = 0;
    for (let s = 0; s < sums.length; s++) {
      const rows = rowsIn[s]!.get(rowStart / TILE);
      const columns = columnsIn[s]!.get(columnStart / TILE);
      if (rows && columns) sums[s]! += (mirrored ? 2 : 1) * sumOver(dots, rows, columns);
    }
  }
  return sums;
}

/** Where the rows are within their tiles. */
function byTile(rows: Int32Array): ReadonlyMap<number, Int32Array> {
  const tiles = new Map<number, number[]>();
  for (const row of rows.toSorted()) {
    const tile = Math.floor(row / TILE);
    if (!tiles.has(tile)) tiles.set(tile, []);
    tiles.get(tile)!.push(row % TILE);
  }
  return new Map([...tiles].map(([tile, places]) => [tile, Int32Array.from(places)]));
}

function dotsToKernels(dots: Float64Array, d: number): void {
  for (let at = 0; at < dots.length; at++) {
    const base = dots[at]! / d + 1;
    dots[at] = base * base * base;
  }
}

function sumOver({ cols, data }: Matrix, rows: Int32Array, columns: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]! * cols;
    let ofRow = 0;
    for (let j = 0; j < columns.length; j++) ofRow += data[row + columns[j]!]!;
    sum += ofRow;
  }
  return sum;
}
