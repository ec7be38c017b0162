/** Float64 linear algebra for the metrics, in plain TypeScript; a faster `Product` is handed in. */
export { semidefiniteFactor, solvePositiveDefinite } from "./cholesky.ts";
export { congruence } from "./congruence.ts";
export { squaredDistanceTiles } from "./distances.ts";
export { lowerFactor } from "./lower-factor.ts";
export {
  columnMeans,
  featureMatrix,
  type Matrix,
  matrix,
  rowRange,
  scale,
  selectRows,
  subtractRow,
  sumOfSquares,
  transpose,
} from "./matrix.ts";
export { type Product, product } from "./product.ts";
export { productTiles } from "./product-tiles.ts";
export { chosenRows, mappedRows, type Rows, rowsOf, rowTiles, storedRows, TILE } from "./rows.ts";
export { nuclearNorm, singularValues } from "./singular-values.ts";
export { symmetricEigenvalues } from "./symmetric-eigenvalues.ts";
