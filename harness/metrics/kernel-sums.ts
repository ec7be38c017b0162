import { type Matrix, type Product, productTiles, type Rows } from "../linear-algebra/index.ts";

/** Rows, each in a group 0…count−1. */
interface GroupedRows {
  readonly rows: Matrix | Rows;
  readonly groups: Int32Array;
  readonly count: number;
}

export const inOneGroup = (rows: Matrix | Rows): GroupedRows => ({
  rows,
  groups: new Int32Array(rows.rows),
  count: 1,
});

/** Σ k(x, y), k = (x·y/d + 1)³, over all rows x of A and y of B; of one matrix, a row is not paired with itself. */
export async function kernelSum(a: Matrix | Rows, b: Matrix | Rows, multiply: Product): Promise<number> {
  return (await kernelSums(inOneGroup(a), inOneGroup(b), multiply))[0]!;
}

/** The same by the groups of the pair: group g of A with h of B at g·(groups of B) + h. */
export async function kernelSums(a: GroupedRows, b: GroupedRows, multiply: Product): Promise<Float64Array> {
  const sums = new Float64Array(a.count * b.count);
  for await (const tile of productTiles(a.rows, b.rows, multiply)) {
    const { rowStart, columnStart, dots, mirrored } = tile;
    const d = a.rows.cols;
    // There k = (−d/d + 1)³ = 0.
    if (a.rows === b.rows && !mirrored)
      for (let i = 0; i < dots.rows; i++) dots.data[i * (dots.cols + 1)] = -d;
    const found = new Float64Array(sums.length);
    for (let i = 0; i < dots.rows; i++) {
      const row = dots.data.subarray(i * dots.cols, (i + 1) * dots.cols);
      const ofRow = rowSums(row, d, b.groups.subarray(columnStart), b.count);
      for (let h = 0; h < b.count; h++) found[a.groups[rowStart + i]! * b.count + h]! += ofRow[h]!;
    }
    for (let at = 0; at < sums.length; at++) {
      const image = (at % b.count) * b.count + Math.floor(at / b.count);
      sums[at]! += found[at]! + (mirrored ? found[image]! : 0);
    }
  }
  return sums;
}

/** Summed by themselves first: a million terms in one sum would lose its last three digits. */
function rowSums(dots: Float64Array, d: number, groups: Int32Array, count: number): Float64Array {
  const sums = new Float64Array(count);
  for (let j = 0; j < dots.length; j++) {
    const base = dots[j]! / d + 1;
    sums[groups[j]!]! += base * base * base;
  }
  return sums;
}
