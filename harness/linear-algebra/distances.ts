import { type Matrix, sumOfSquares, transpose } from "./matrix.ts";
import { type Product, product } from "./product.ts";
import { productTiles } from "./product-tiles.ts";
import { type Rows, rowTiles } from "./rows.ts";

/** Squared distances of rows rowStart… of A to rows columnStart… of B. */
interface DistanceTile {
  readonly rowStart: number;
  readonly columnStart: number;
  readonly distances: Matrix;
}

/** Below this share of ‖u‖² + ‖v‖², u·v has cancelled ten digits of the distance or more. */
const CANCELLED = 1e-6;

/**
 * Squared Euclidean distances between the rows of A and of B, tile by tile, from ‖u‖² − 2u·v + ‖v‖². Where
 * that cancels, the distance is summed from the differences instead, so equal rows are at distance exactly 0.
 * Between the rows of one matrix, every product serves the tile and its mirror image.
 */
export async function* squaredDistanceTiles(
  a: Matrix | Rows,
  b: Matrix | Rows,
  multiply: Product = product,
): AsyncGenerator<DistanceTile> {
  if (a.cols !== b.cols) throw new RangeError(`distances: rows of ${a.cols} and of ${b.cols} dimensions`);
  const normsA = await squaredNorms(a);
  const normsB = a === b ? normsA : await squaredNorms(b);
  for await (const { dots, mirrored, ...tile } of productTiles(a, b, multiply)) {
    const { rowStart, columnStart } = tile;
    dotsToDistances(dots, tile, normsA.subarray(rowStart), normsB.subarray(columnStart));
    yield { rowStart, columnStart, distances: dots };
    if (mirrored) yield { rowStart: columnStart, columnStart: rowStart, distances: transpose(dots) };
  }
}

function dotsToDistances(
  { data }: Matrix,
  { rows, columns }: { readonly rows: Matrix; readonly columns: Matrix },
  normsA: Float64Array,
  normsB: Float64Array,
): void {
  for (let i = 0, at = 0; i < rows.rows; i++) {
    for (let j = 0; j < columns.rows; j++, at++) {
      const norms = normsA[i]! + normsB[j]!;
      const distance = norms - 2 * data[at]!;
      data[at] = distance > CANCELLED * norms ? distance : directDistance(rows, i, columns, j);
    }
  }
}

async function squaredNorms(a: Matrix | Rows): Promise<Float64Array> {
  const norms = new Float64Array(a.rows);
  for await (const { start, tile } of rowTiles(a))
    for (let i = 0; i < tile.rows; i++)
      norms[start + i] = sumOfSquares(tile.data.subarray(i * tile.cols, (i + 1) * tile.cols));
  return norms;
}

function directDistance(a: Matrix, i: number, b: Matrix, j: number): number {
  let sum = 0;
  for (let k = 0, x = i * a.cols, y = j * b.cols; k < a.cols; k++) {
    const difference = a.data[x++]! - b.data[y++]!;
    sum += difference * difference;
  }
  return sum;
}
