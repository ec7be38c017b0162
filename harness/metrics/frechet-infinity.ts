import { chosenRows, type Matrix, type Product, product, type Rows } from "../linear-algebra/index.ts";
import type { Choice } from "./choice.ts";
import { frechetDistanceOfRows } from "./frechet-samples.ts";
import type { Normal } from "./normal.ts";

/**
 * FD∞ (Chong, Forsyth 2020, arXiv:1911.07023), by dgm-eval's recipe: the Fréchet distance of the reference to random
 * subsets of the samples, of sizes in even steps; a straight line through it over 1/n; where that meets 1/n = 0.
 *
 * @param n samples
 * @returns sizes from min(5000, max(⌊n/10⌋, 2)) to n, truncated as NumPy's int32 does
 */
export function frechetInfinitySizes(n: number, count = 15): number[] {
  if (!Number.isInteger(n) || n < 2) throw new RangeError(`FD∞ needs at least 2 samples, got ${n}`);
  const smallest = Math.min(5000, Math.max(Math.floor(n / 10), 2));
  const step = (n - smallest) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? n : Math.floor(smallest + i * step)));
}

/**
 * FD∞ of subsets drawn without replacement, one a size in order. The tool draws from a generator that it does not
 * seed.
 */
export async function frechetInfinityOfSamples(
  samples: Matrix | Rows,
  reference: Normal,
  choice: Choice,
  multiply: Product = product,
): Promise<FrechetInfinity> {
  const sizes = frechetInfinitySizes(samples.rows);
  const distances: number[] = [];
  for (const size of sizes) {
    const subset = chosenRows(samples, choice(samples.rows, size));
    distances.push(await frechetDistanceOfRows(subset, reference, multiply));
  }
  return frechetInfinity(sizes, distances);
}

/** A line fitted to distances over 1/n by least squares. */
export interface FrechetInfinity {
  /** The distance at 1/n = 0. */
  readonly value: number;
  readonly slope: number;
}

/** @throws RangeError where the sizes are all the same, which no line fits */
export function frechetInfinity(sizes: readonly number[], distances: readonly number[]): FrechetInfinity {
  if (sizes.length !== distances.length)
    throw new RangeError(`FD∞: ${sizes.length} sizes, ${distances.length} distances`);
  const count = sizes.length;
  const inverse = sizes.map((n) => 1 / n);
  const meanInverse = inverse.reduce((sum, x) => sum + x, 0) / count;
  const meanDistance = distances.reduce((sum, x) => sum + x, 0) / count;
  let together = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    together += (inverse[i]! - meanInverse) * (distances[i]! - meanDistance);
    squares += (inverse[i]! - meanInverse) ** 2;
  }
  if (!(squares > 0)) throw new RangeError(`FD∞ needs subsets of different sizes, got ${sizes.join(", ")}`);
  const slope = together / squares;
  return { value: meanDistance - slope * meanInverse, slope };
}
