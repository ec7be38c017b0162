import { type Matrix, rowRange, sumOfSquares, transpose } from "./matrix.ts";
import { type Product, product } from "./product.ts";

/** Squared distances of rows rowStart… of A to rows columnStart… of B. */
interface DistanceTile {
  readonly rowStart: number;
  readonly columnStart: number;
  readonly distances: Matrix;
}

/** Rows of either side in one tile: 1024² float64 are 8 MB, whatever the number of rows in all. */
const TILE = 1024;

/** Below this share of ‖u‖² + ‖v‖², u·v has cancelled ten digits of the distance or more. */
const CANCELLED = 1e-6;

/**
 * Squared Euclidean distances between the rows of A and of B, tile by tile, from ‖u‖² − 2u·v + ‖v‖². Where
 * that cancels, the distance is summed from the differences instead, so equal rows are at distance exactly 0.
 * Between the rows of one matrix, every product serves the tile and its mirror image.
 */
export async function* squaredDistanceTiles(
  a: Matrix,
  b: Matrix,
  multiply: Product = product,
): AsyncGenerator<DistanceTile> {
  if (a.cols !== b.cols) throw new RangeError(`distances: rows of ${a.cols} and of ${b.cols} dimensions`);
  const normsA = squaredNorms(a);
  const normsB = squaredNorms(b);
  const same = a === b;
  for (let rowStart = 0; rowStart < a.rows; rowStart += TILE) {
    const rows = rowRange(a, rowStart, Math.min(rowStart + TILE, a.rows));
    for (let columnStart = same ? rowStart : 0; columnStart < b.rows; columnStart += TILE) {
      const columns =
        same && rowStart === columnStart
          ? rows
          : rowRange(b, columnStart, Math.min(columnStart + TILE, b.rows));
      const distances = await multiply(rows, columns);
      for (let i = 0; i < rows.rows; i++) {
        for (let j = 0; j < columns.rows; j++) {
          const at = i * columns.rows + j;
          const norms = normsA[rowStart + i]! + normsB[columnStart + j]!;
          const distance = norms - 2 * distances.data[at]!;
          distances.data[at] = distance > CANCELLED * norms ? distance : directDistance(rows, i, columns, j);
        }
      }
      yield { rowStart, columnStart, distances };
      if (same && columnStart > rowStart)
        yield { rowStart: columnStart, columnStart: rowStart, distances: transpose(distances) };
    }
  }
}

function squaredNorms(a: Matrix): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, i) =>
    sumOfSquares(a.data.subarray(i * a.cols, (i + 1) * a.cols)),
  );
}

function directDistance(a: Matrix, i: number, b: Matrix, j: number): number {
  let sum = 0;
  for (let k = 0, x = i * a.cols, y = j * b.cols; k < a.cols; k++) {
    const difference = a.data[x++]! - b.data[y++]!;
    sum += difference * difference;
  }
  return sum;
}
