import {
  chosenRows,
  columnMeans,
  congruence,
  lowerFactor,
  type Matrix,
  mappedRows,
  nuclearNorm,
  type Product,
  product,
  type Rows,
  selectRows,
  subtractRow,
  sumOfSquares,
  symmetricEigenvalues,
} from "../linear-algebra/index.ts";
import { checkDimensions, sumOfRoots, traceOf } from "./frechet-distance.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";
import { covarianceOf, meanOf, momentsOf, subtractMoments } from "./moments.ts";
import { type Normal, withoutMean } from "./normal.ts";

/**
 * Fréchet distance of feature rows to a reference, with its delete-group jackknife.
 *
 * @param samples n×d, n ≥ 2
 * @param groups jackknife group of every sample
 * @throws RangeError for other dimensions than the reference's, or n < 2
 */
export async function frechetDistanceOfSamples(
  samples: Matrix | Rows,
  reference: Normal,
  groups: Int32Array,
  multiply: Product = product,
): Promise<Jackknifed> {
  const members = groupMembers(groups, samples.rows);
  return jackknife(members, 2, await distanceWithout(samples, reference, members, multiply));
}

/** The same without an error, for which all would be computed once more a group. */
export async function frechetDistanceOfRows(
  samples: Matrix | Rows,
  reference: Normal,
  multiply: Product = product,
): Promise<number> {
  return (await distanceWithout(samples, reference, [], multiply))(null);
}

/** Of all samples (null), or of those outside a group. */
type LeaveOut = (group: number | null) => number | Promise<number>;

async function distanceWithout(
  samples: Matrix | Rows,
  reference: Normal,
  members: readonly Int32Array[],
  multiply: Product,
): Promise<LeaveOut> {
  checkDimensions(samples.cols, reference.mean.length);
  const n = samples.rows;
  if (n < 2) throw new RangeError(`a Fréchet distance needs at least 2 samples, got ${n}`);
  // Everything is a function of the samples seen from the reference.
  const centred = mappedRows(samples, samples.cols, (rows) => subtractRow(rows, reference.mean));
  return n <= samples.cols
    ? fromRows(await centred.range(0, n), reference.factor, members, multiply)
    : fromMoments(centred, reference.factor, members, multiply);
}

/**
 * With no more samples than dimensions tr √(Σ₁Σ₂) is the sum of the singular values of the centred rows of
 * Z = X·Fᵀ, found for each choice of rows on its own. Where Z is wide, Z = L·Q once: rows of Z have the singular values
 * of those of L.
 */
async function fromRows(
  centred: Matrix,
  factor: Matrix,
  members: readonly Int32Array[],
  multiply: Product,
): Promise<LeaveOut> {
  const projected = await multiply(centred, factor);
  const reduced = projected.rows < projected.cols ? lowerFactor(projected) : projected;
  const reach = sumOfSquares(factor.data);
  return (group) => {
    const left = new Set(group === null ? [] : members[group]!);
    const kept = Array.from({ length: centred.rows }, (_, i) => i).filter((i) => !left.has(i));
    const rows = selectRows(centred, kept);
    const mean = columnMeans(rows);
    const spread = sumOfSquares(subtractRow(rows, mean).data) / (kept.length - 1);
    const overlap = nuclearNorm(withoutMean(selectRows(reduced, kept))) / Math.sqrt(kept.length - 1);
    return sumOfSquares(mean) + spread + reach - 2 * overlap;
  };
}

/**
 * With more samples than dimensions tr √(Σ₁Σ₂) is the sum of the roots of the eigenvalues of F·Σ₁·Fᵀ, and Σ₁ comes from
 * additive moments: the samples are read twice, and none is kept.
 */
async function fromMoments(
  centred: Rows,
  factor: Matrix,
  members: readonly Int32Array[],
  multiply: Product,
): Promise<LeaveOut> {
  const all = await momentsOf(centred, multiply);
  const reach = sumOfSquares(factor.data);
  return async (group) => {
    const part = group === null ? null : await momentsOf(chosenRows(centred, members[group]!), multiply);
    const moments = part ? subtractMoments(all, part) : all;
    const covariance = covarianceOf(moments);
    const projected = await congruence(factor, covariance, multiply);
    const overlap = sumOfRoots(await symmetricEigenvalues(projected, multiply));
    return sumOfSquares(meanOf(moments)) + traceOf(covariance) + reach - 2 * overlap;
  };
}
