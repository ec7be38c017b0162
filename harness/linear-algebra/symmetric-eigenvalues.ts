import { reduceToBand } from "./band-reduction.ts";
import { chaseBulges } from "./bulge-chasing.ts";
import type { Matrix } from "./matrix.ts";
import { type Product, product } from "./product.ts";
import { tridiagonalEigenvalues } from "./tridiagonal.ts";

/** Half-width of the band between: wider gives larger products in the first stage, narrower less work in the second. */
const WIDTH = 24;

/**
 * Eigenvalues of a symmetric matrix, ascending: full to band to tridiagonal, then implicit QL. Absolute errors
 * of a few ulp of the norm; of a matrix graded from large at the top to small, of far less.
 */
export async function symmetricEigenvalues(a: Matrix, multiply: Product = product): Promise<Float64Array> {
  if (a.rows !== a.cols)
    throw new RangeError(`eigenvalues of a ${a.rows}×${a.cols} matrix: it must be square`);
  const { diagonal, off } = chaseBulges(await reduceToBand(a, WIDTH, multiply));
  return tridiagonalEigenvalues(diagonal, off);
}
