import { type Matrix, type Product, product, type Rows } from "../linear-algebra/index.ts";
import { type AdmRows, admDistanceTiles, admRows } from "./adm-distances.ts";
import { insertSorted } from "./neighbours.ts";

/**
 * Precision and recall in the arithmetic of ADM's evaluator (guided-diffusion, evaluations/evaluator.py), in half
 * precision unless that overflows: a ball's radius is element k of a sorted row that holds the row's distance to
 * itself too, at whatever rounding makes of it; the border counts. `single` is the same without half precision. Half
 * precision blurs neighbours of long features: expect its values well above those of exact arithmetic there.
 *
 * @param samples n×d, n > k
 * @param reference m×d, m > k
 */
export async function admPrecisionRecall(
  samples: Matrix | Rows,
  reference: Matrix | Rows,
  precision: "half" | "single",
  k = 3,
  multiply: Product = product,
): Promise<{ precision: number; recall: number }> {
  if (samples.cols !== reference.cols)
    throw new RangeError(`precision of ${samples.cols}- and ${reference.cols}-dimensional features`);
  const [u, v] = [await admRows(samples, precision), await admRows(reference, precision)];
  const [sampleRadii, referenceRadii] = [await radii(u, k, multiply), await radii(v, k, multiply)];
  const inside = new Uint8Array(samples.rows);
  const covered = new Uint8Array(reference.rows);
  // The reference's rows first, as the evaluator has them: in halves the two orders round differently.
  for await (const { rowStart, columnStart, distances } of admDistanceTiles(v, u, multiply)) {
    for (let r = 0, at = 0; r < distances.rows; r++) {
      const radius = referenceRadii[rowStart + r]!;
      for (let c = 0; c < distances.cols; c++) {
        const distance = distances.data[at++]!;
        if (distance <= radius) inside[columnStart + c] = 1;
        if (distance <= sampleRadii[columnStart + c]!) covered[rowStart + r] = 1;
      }
    }
  }
  return { precision: share(inside), recall: share(covered) };
}

async function radii(rows: AdmRows, k: number, multiply: Product): Promise<Float64Array> {
  const n = rows.single.rows.rows;
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`k must be an integer ≥ 1, got ${k}`);
  if (n <= k) throw new RangeError(`${k} nearest neighbours need more than ${k} rows, got ${n}`);
  const nearest = new Float64Array(n * (k + 1)).fill(Infinity);
  for await (const { rowStart, distances } of admDistanceTiles(rows, rows, multiply)) {
    for (let r = 0, at = 0; r < distances.rows; r++) {
      const start = (rowStart + r) * (k + 1);
      for (let c = 0; c < distances.cols; c++)
        insertSorted(nearest, start, start + k + 1, distances.data[at++]!);
    }
  }
  return Float64Array.from({ length: n }, (_, i) => nearest[i * (k + 1) + k]!);
}

const share = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
