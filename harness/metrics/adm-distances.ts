import {
  type Matrix,
  mappedRows,
  matrix,
  type Product,
  type Rows,
  rowTiles,
  sumOfSquares,
  TILE,
} from "../linear-algebra/index.ts";
import { roundToHalf } from "./half.ts";

/** Rows and columns whose distances ADM's evaluator computes in one piece, all of it in one precision. */
const BLOCK = 10_000;
const LARGEST_HALF = 65504;

/** Rows as one precision sees them, with their squared lengths. */
interface Rounded {
  readonly rows: Rows;
  readonly squares: Float64Array;
  readonly round: (x: number) => number;
}

/** Feature rows ready for `admDistanceTiles`; `half` is null where single precision alone is asked for. */
export interface AdmRows {
  readonly single: Rounded;
  readonly half: Rounded | null;
}

export async function admRows(features: Matrix | Rows, precision: "half" | "single"): Promise<AdmRows> {
  return {
    single: await rounded(features, Math.fround),
    half: precision === "half" ? await rounded(features, roundToHalf) : null,
  };
}

async function rounded(features: Matrix | Rows, round: (x: number) => number): Promise<Rounded> {
  const rows = mappedRows(features, features.cols, (tile) =>
    matrix(tile.rows, tile.cols, tile.data.map(round)),
  );
  const squares = new Float64Array(rows.rows);
  for await (const { start, tile } of rowTiles(rows))
    for (let i = 0; i < tile.rows; i++)
      squares[start + i] = round(sumOfSquares(tile.data.subarray(i * tile.cols, (i + 1) * tile.cols)));
  return { rows, squares, round };
}

export interface AdmTile {
  readonly rowStart: number;
  readonly columnStart: number;
  readonly distances: Matrix;
}

/**
 * D = max(r(r(‖u‖² − 2·r(u·v)) + ‖v‖²), 0), r rounding to the block's precision: half, or single for a block in
 * which halves overflow. How wide the evaluator's kernels sum is not specified; here it is float64, rounded once.
 */
export async function* admDistanceTiles(u: AdmRows, v: AdmRows, multiply: Product): AsyncGenerator<AdmTile> {
  for (const [rowStart, rowEnd] of pieces(0, u.single.rows.rows, BLOCK)) {
    for (const [columnStart, columnEnd] of pieces(0, v.single.rows.rows, BLOCK)) {
      const block = { rowStart, rowEnd, columnStart, columnEnd };
      const inHalf = u.half && v.half && (await fitsHalf(u.half, v.half, block, multiply));
      yield* inHalf ? tiles(u.half!, v.half!, block, multiply) : tiles(u.single, v.single, block, multiply);
    }
  }
}

interface Block {
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly columnStart: number;
  readonly columnEnd: number;
}

/** Whether no distance of the block overflows; most blocks tell by their lengths, |u·v| being at most their mean. */
async function fitsHalf(u: Rounded, v: Rounded, block: Block, multiply: Product): Promise<boolean> {
  const longest = (squares: Float64Array): number => squares.reduce((max, x) => Math.max(max, x), 0);
  const rows = longest(u.squares.subarray(block.rowStart, block.rowEnd));
  const columns = longest(v.squares.subarray(block.columnStart, block.columnEnd));
  if (rows === Infinity || columns === Infinity) return false;
  if (2 * (rows + columns) <= LARGEST_HALF) return true;
  for await (const { distances } of tiles(u, v, block, multiply))
    if (!distances.data.every(Number.isFinite)) return false;
  return true;
}

async function* tiles(u: Rounded, v: Rounded, block: Block, multiply: Product): AsyncGenerator<AdmTile> {
  const { round } = u;
  for (const [rowStart, rowEnd] of pieces(block.rowStart, block.rowEnd, TILE)) {
    const rows = await u.rows.range(rowStart, rowEnd);
    for (const [columnStart, columnEnd] of pieces(block.columnStart, block.columnEnd, TILE)) {
      const distances = await multiply(rows, await v.rows.range(columnStart, columnEnd));
      for (let i = rowStart, at = 0; i < rowEnd; i++)
        for (let j = columnStart; j < columnEnd; j++, at++) {
          const difference = round(u.squares[i]! - 2 * round(distances.data[at]!));
          const distance = round(difference + v.squares[j]!);
          distances.data[at] = Math.max(distance, 0);
        }
      yield { rowStart, columnStart, distances };
    }
  }
}

function pieces(from: number, to: number, size: number): [start: number, end: number][] {
  return Array.from({ length: Math.ceil((to - from) / size) }, (_, i) => [
    from + i * size,
    Math.min(from + (i + 1) * size, to),
  ]);
}
