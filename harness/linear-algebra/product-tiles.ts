import type { Matrix } from "./matrix.ts";
import type { Product } from "./product.ts";
import { type Rows, rowsOf, rowTiles, TILE } from "./rows.ts";

/** Dot products of rows rowStart… of A with rows columnStart… of B. */
interface ProductTile {
  readonly rowStart: number;
  readonly columnStart: number;
  readonly rows: Matrix;
  readonly columns: Matrix;
  /** The reader's to overwrite. */
  readonly dots: Matrix;
  /** Whether the tile stands for its mirror image too, which does not come. */
  readonly mirrored: boolean;
}

/** A·Bᵀ, tile by tile: memory is flat in the numbers of rows. Of one A with itself half is computed. */
export async function* productTiles(
  a: Matrix | Rows,
  b: Matrix | Rows,
  multiply: Product,
): AsyncGenerator<ProductTile> {
  const same = a === b;
  const source = rowsOf(b);
  for await (const { start: rowStart, tile: rows } of rowTiles(a)) {
    for (let columnStart = same ? rowStart : 0; columnStart < b.rows; columnStart += TILE) {
      const mirrored = same && columnStart > rowStart;
      const end = Math.min(columnStart + TILE, b.rows);
      const columns = same && !mirrored ? rows : await source.range(columnStart, end);
      const dots = await multiply(rows, columns);
      yield { rowStart, columnStart, rows, columns, dots, mirrored };
    }
  }
}
