import {
  columnMeans,
  lowerFactor,
  type Matrix,
  matrix,
  nuclearNorm,
  type Product,
  product,
  scale,
  selectRows,
  semidefiniteFactor,
  subtractRow,
  sumOfSquares,
  symmetricEigenvalues,
} from "../linear-algebra/index.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";
import { covarianceOf, type Moments, meanOf, momentsOf, subtractMoments } from "./moments.ts";

/** A normal distribution: its mean, and a factor of its covariance Σ = Fᵀ·F, whose rows may be fewer than d. */
export interface Normal {
  readonly mean: Float64Array;
  /** r×d. */
  readonly factor: Matrix;
}

/** The distribution fitted to feature rows. Fewer rows than dimensions are their own factor: nothing is lost. */
export async function normalOfFeatures(features: Matrix, multiply: Product = product): Promise<Normal> {
  if (features.rows < 2) throw new RangeError(`a covariance needs at least 2 samples, got ${features.rows}`);
  if (features.rows > features.cols) return normalOfMoments(await momentsOf(features, multiply));
  const mean = columnMeans(features);
  const factor = withoutMean(subtractRow(features, mean));
  return { mean, factor: scale(factor, 1 / Math.sqrt(features.rows - 1)) };
}

export async function normalOfMoments(moments: Moments, multiply: Product = product): Promise<Normal> {
  return normalOfCovariance(meanOf(moments), covarianceOf(moments), multiply);
}

/** @throws RangeError where numbers are not finite, sizes differ, or the covariance is not symmetric or has a negative variance */
export async function normalOfCovariance(
  mean: Float64Array,
  covariance: Matrix,
  multiply: Product = product,
): Promise<Normal> {
  checkStatistics({ mean, covariance });
  return { mean, factor: await semidefiniteFactor(covariance, multiply) };
}

/** What statistics files hold. */
export interface Statistics {
  readonly mean: Float64Array;
  /** d×d. */
  readonly covariance: Matrix;
}

function checkStatistics({ mean, covariance }: Statistics): void {
  const d = mean.length;
  if (covariance.rows !== d || covariance.cols !== d) {
    throw new RangeError(`mean of ${d} numbers, covariance of ${covariance.rows}×${covariance.cols}`);
  }
  const bad = mean.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) throw new RangeError(`mean: dimension ${bad} is ${mean[bad]}`);
  for (let i = 0; i < d; i++) {
    const variance = covariance.data[i * d + i]!;
    if (!(variance >= 0)) throw new RangeError(`covariance: the variance of dimension ${i} is ${variance}`);
    for (let j = 0; j < i; j++) {
      const [low, high] = [covariance.data[i * d + j]!, covariance.data[j * d + i]!];
      const size = Math.sqrt(variance * covariance.data[j * d + j]!);
      // Float32 files are symmetric to 1e-7 of the standard deviations.
      if (!(Math.abs(low - high) <= 1e-6 * size)) {
        throw new RangeError(`covariance: (${i}, ${j}) is ${low}, (${j}, ${i}) is ${high}`);
      }
    }
  }
}

/**
 * Fréchet distance of two normal distributions (Dowson, Landau 1982; Heusel et al. 2017, arXiv:1706.08500):
 * ‖μ₁−μ₂‖² + tr Σ₁ + tr Σ₂ − 2·tr √(Σ₁Σ₂). With Σ = FᵀF, tr √(Σ₁Σ₂) is the sum of the singular values of F₁·F₂ᵀ: no
 * matrix root, no imaginary part, and exact where samples are fewer than dimensions. Unit: squared feature
 * units; range ≥ 0 up to rounding, lower is better.
 */
export async function frechetDistance(a: Normal, b: Normal, multiply: Product = product): Promise<number> {
  checkDimensions(a.mean.length, b.mean.length);
  const overlap = nuclearNorm(await multiply(a.factor, b.factor));
  return meanTerm(a.mean, b.mean) + sumOfSquares(a.factor.data) + sumOfSquares(b.factor.data) - 2 * overlap;
}

/**
 * The same from statistics. With Σ₁ = FᵀF, tr √(Σ₁Σ₂) is the sum of the roots of the eigenvalues of F·Σ₂·Fᵀ, whose rows
 * the pivoted factor grades: products and one reduction to a band, no singular values of a full matrix. An
 * eigenvalue below ε of the largest is rounding, as where Σ₂ has a smaller rank than F: then Σ₂ is factored in
 * place of Σ₁, and at last both are.
 */
export async function frechetDistanceOfStatistics(
  a: Statistics,
  b: Statistics,
  multiply: Product = product,
): Promise<number> {
  checkDimensions(a.mean.length, b.mean.length);
  for (const statistics of [a, b]) checkStatistics(statistics);
  const rest = meanTerm(a.mean, b.mean) + traceOf(a.covariance) + traceOf(b.covariance);
  const factors: Matrix[] = [];
  for (const [one, other] of [
    [a.covariance, b.covariance],
    [b.covariance, a.covariance],
  ] as const) {
    const factor = await semidefiniteFactor(one, multiply);
    const projected = await multiply(await multiply(factor, other), factor);
    const eigenvalues = await symmetricEigenvalues(projected, multiply);
    const resolved = eigenvalues.every((value) => value > Number.EPSILON * eigenvalues.at(-1)!);
    if (resolved) return rest - 2 * sumOfRoots(eigenvalues);
    factors.push(factor);
  }
  return rest - 2 * nuclearNorm(await multiply(factors[0]!, factors[1]!));
}

/**
 * Fréchet distance of feature rows to a reference, with its delete-group jackknife.
 *
 * @param samples n×d, n ≥ 2
 * @param groups jackknife group of every sample
 * @throws RangeError for other dimensions than the reference's, or n < 2
 */
export async function frechetDistanceOfSamples(
  samples: Matrix,
  reference: Normal,
  groups: Int32Array,
  multiply: Product = product,
): Promise<Jackknifed> {
  checkDimensions(samples.cols, reference.mean.length);
  const n = samples.rows;
  if (n < 2) throw new RangeError(`a Fréchet distance needs at least 2 samples, got ${n}`);
  const members = groupMembers(groups, n);
  // Everything is a function of the samples seen from the reference: z = F·(x − μ), whose covariance is F·Σ·Fᵀ.
  const centred = subtractRow(samples, reference.mean);
  const projected = await multiply(centred, reference.factor);
  const spread = sumsWithout(centred, members);
  const overlap =
    n <= samples.cols
      ? overlapByRows(projected, members)
      : await overlapByMoments(projected, members, multiply);
  const distance = (group: number | null): number =>
    spread(group) + sumOfSquares(reference.factor.data) - 2 * overlap(group);
  return jackknife(distance(null), members, 2, distance);
}

/** A statistic of all samples (null), or of those outside a group. */
type LeaveOut = (group: number | null) => number;

/** ‖mean‖² + tr covariance of rows already centred on the reference. */
function sumsWithout(centred: Matrix, members: readonly Int32Array[]): LeaveOut {
  const parts = members.map((list) => {
    const rows = selectRows(centred, list);
    return {
      n: rows.rows,
      sum: columnMeans(rows).map((x) => x * rows.rows),
      squares: sumOfSquares(rows.data),
    };
  });
  return (group) => {
    const kept = parts.filter((_, g) => g !== group);
    const n = kept.reduce((total, part) => total + part.n, 0);
    const squares = kept.reduce((total, part) => total + part.squares, 0);
    const mean = centred.data.slice(0, centred.cols).fill(0);
    for (const { sum } of kept) for (let j = 0; j < mean.length; j++) mean[j]! += sum[j]! / n;
    const shift = sumOfSquares(mean);
    return shift + (squares - n * shift) / (n - 1);
  };
}

/**
 * tr √(Σ₁Σ₂) with no more samples than dimensions: the singular values of the centred rows of z, found for each
 * choice of rows on its own. Where they are wide, Z = L·Q once: rows of Z have the singular values of those of L.
 */
function overlapByRows(projected: Matrix, members: readonly Int32Array[]): LeaveOut {
  const rows = projected.rows < projected.cols ? lowerFactor(projected) : projected;
  return (group) => {
    const kept = members.flatMap((list, g) => (g === group ? [] : Array.from(list)));
    return nuclearNorm(withoutMean(selectRows(rows, kept))) / Math.sqrt(kept.length - 1);
  };
}

/**
 * Rows with the singular values of the centred rows, one fewer: the reflection that turns (1,…,1)/√n into
 * the last unit vector gathers the mean in the last row, which goes. Centring alone would leave a zero
 * singular value to be drowned in rounding.
 */
function withoutMean(a: Matrix): Matrix {
  const n = a.rows;
  // u = (1,…,1)/√n + e_last, uᵀu/2 = 1 + 1/√n.
  const entry = 1 / Math.sqrt(n);
  const means = columnMeans(a);
  const out = matrix(n - 1, a.cols, a.data.slice(0, (n - 1) * a.cols));
  for (let j = 0; j < a.cols; j++) {
    const dot = means[j]! * n * entry + a.data[(n - 1) * a.cols + j]!;
    const step = (dot / (1 + entry)) * entry;
    for (let i = 0; i < n - 1; i++) out.data[i * a.cols + j]! -= step;
  }
  return out;
}

/**
 * tr √(Σ₁Σ₂) with more samples than dimensions: the roots of the eigenvalues of the covariance of z, F·Σ₁·Fᵀ, which
 * each group's additive moments give without a look at its rows.
 */
async function overlapByMoments(
  projected: Matrix,
  members: readonly Int32Array[],
  multiply: Product,
): Promise<LeaveOut> {
  const all = await momentsOf(projected, multiply);
  const overlap = async (moments: Moments): Promise<number> =>
    sumOfRoots(await symmetricEigenvalues(covarianceOf(moments), multiply));
  const whole = await overlap(all);
  const without: number[] = [];
  for (const list of members) {
    const part = await momentsOf(selectRows(projected, list), multiply);
    // With one sample left there is no covariance, nor is one asked for.
    without.push(all.n - part.n < 2 ? Number.NaN : await overlap(subtractMoments(all, part)));
  }
  return (group) => (group === null ? whole : without[group]!);
}

function sumOfRoots(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += Math.sqrt(Math.max(value, 0));
  return sum;
}

function traceOf(a: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) sum += a.data[i * a.cols + i]!;
  return sum;
}

function meanTerm(a: Float64Array, b: Float64Array): number {
  return sumOfSquares(a.map((x, i) => x - b[i]!));
}

function checkDimensions(a: number, b: number): void {
  if (a !== b) throw new RangeError(`a Fréchet distance of ${a}-dimensional and ${b}-dimensional features`);
}
