import {
  congruence,
  type Matrix,
  nuclearNorm,
  type Product,
  product,
  sumOfSquares,
  symmetricEigenvalues,
} from "../linear-algebra/index.ts";
import { checkStatistics, factorOfStatistics, type Normal, type Statistics } from "./normal.ts";

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
    const factor = await factorOfStatistics(one, multiply);
    const projected = await congruence(factor, other, multiply);
    const eigenvalues = await symmetricEigenvalues(projected, multiply);
    const resolved = eigenvalues.every((value) => value > Number.EPSILON * eigenvalues.at(-1)!);
    if (resolved) return rest - 2 * sumOfRoots(eigenvalues);
    factors.push(factor);
  }
  return rest - 2 * nuclearNorm(await multiply(factors[0]!, factors[1]!));
}

export function traceOf(a: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) sum += a.data[i * a.cols + i]!;
  return sum;
}

function meanTerm(a: Float64Array, b: Float64Array): number {
  return sumOfSquares(a.map((x, i) => x - b[i]!));
}

export function checkDimensions(a: number, b: number): void {
  if (a !== b) throw new RangeError(`a Fréchet distance of ${a}-dimensional and ${b}-dimensional features`);
}

export function sumOfRoots(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += Math.sqrt(Math.max(value, 0));
  return sum;
}
