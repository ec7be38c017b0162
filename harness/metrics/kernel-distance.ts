import { type Matrix, type Product, product, rowRange, selectRows } from "../linear-algebra/index.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";
import type { KernelSubset } from "./kernel-subsets.ts";

/** Rows a tile: 1024² float64 are 8 MB, whatever the number of samples. */
const TILE = 1024;

/** Reference features, with the part of the distance that no sample changes. */
export interface KernelReference {
  readonly features: Matrix;
  /** The mean of k over pairs of different rows. */
  readonly meanKernel: number;
}

export async function kernelReference(
  features: Matrix,
  multiply: Product = product,
): Promise<KernelReference> {
  const m = features.rows;
  if (m < 2) throw new RangeError(`a kernel distance needs at least 2 reference rows, got ${m}`);
  return { features, meanKernel: (await kernelSum(features, features, multiply)) / (m * (m - 1)) };
}

/**
 * Kernel (Inception) distance of feature rows: the unbiased squared maximum mean discrepancy under
 * k(x, y) = (x·y/d + 1)³ (Bińkowski et al. 2018, arXiv:1801.01401), over all pairs rather than drawn subsets:
 * Σ_{i≠j} k(xᵢ, xⱼ)/n(n−1) + Σ_{i≠j} k(yᵢ, yⱼ)/m(m−1) − 2·mean k(xᵢ, yⱼ). Unbiased, so it may be negative; lower is
 * better.
 *
 * @param samples n×d, n ≥ 2, with the jackknife group of every row
 */
export async function kernelDistance(
  samples: Matrix,
  reference: KernelReference,
  groups: Int32Array,
  multiply: Product = product,
): Promise<Jackknifed> {
  checkSamples(samples, reference.features);
  const members = groupMembers(groups, samples.rows);
  const within = await groupSums(samples, samples, groups, members.length, multiply);
  const across = await groupSums(samples, reference.features, groups, members.length, multiply);
  const sum = (values: Float64Array): number => values.reduce((total, x) => total + x, 0);
  const [allWithin, allAcross] = [sum(within.toAll), sum(across.toAll)];
  const distance = (pairs: number, crossings: number, n: number): number =>
    pairs / (n * (n - 1)) + reference.meanKernel - (2 * crossings) / (n * reference.features.rows);
  return jackknife(distance(allWithin, allAcross, samples.rows), members, 2, (g) =>
    distance(
      // Pairs inside g stand among its rows and among its columns: taken off twice, they come back once.
      allWithin - 2 * within.toAll[g]! + within.inside[g]!,
      allAcross - across.toAll[g]!,
      samples.rows - members[g]!.length,
    ),
  );
}

/**
 * The same statistic on given subsets, one value each; their mean is the usual published KID. The spread of the
 * values is no standard error: subsets overlap.
 *
 * @param subsets rows of the samples and, as many, of the reference
 */
export async function kernelDistanceOfSubsets(
  samples: Matrix,
  reference: Matrix,
  subsets: readonly KernelSubset[],
  multiply: Product = product,
): Promise<number[]> {
  const values: number[] = [];
  for (const subset of subsets) {
    const x = selectRows(samples, subset.samples);
    const y = await kernelReference(selectRows(reference, subset.reference), multiply);
    checkSamples(x, y.features);
    const pairs = await kernelSum(x, x, multiply);
    const crossings = await kernelSum(x, y.features, multiply);
    values.push(
      pairs / (x.rows * (x.rows - 1)) + y.meanKernel - (2 * crossings) / (x.rows * y.features.rows),
    );
  }
  return values;
}

async function kernelSum(a: Matrix, b: Matrix, multiply: Product): Promise<number> {
  return (await groupSums(a, b, new Int32Array(a.rows), 1, multiply)).toAll[0]!;
}

/**
 * Kernel sums by the group of the row: to every column (`toAll`), and, where A and B are one matrix, to columns
 * of the same group (`inside`). There, the diagonal is left out of both.
 */
async function groupSums(
  a: Matrix,
  b: Matrix,
  groups: Int32Array,
  count: number,
  multiply: Product,
): Promise<{ toAll: Float64Array; inside: Float64Array }> {
  const toAll = new Float64Array(count);
  const inside = new Float64Array(count);
  const same = a === b;
  for (let i0 = 0; i0 < a.rows; i0 += TILE) {
    const rows = rowRange(a, i0, Math.min(i0 + TILE, a.rows));
    for (let j0 = 0; j0 < b.rows; j0 += TILE) {
      const columns = same && i0 === j0 ? rows : rowRange(b, j0, Math.min(j0 + TILE, b.rows));
      const dots = (await multiply(rows, columns)).data;
      for (let i = 0; i < rows.rows; i++) {
        const group = groups[i0 + i]!;
        let total = 0;
        let own = 0;
        for (let j = 0; j < columns.rows; j++) {
          if (same && i0 + i === j0 + j) continue;
          const base = dots[i * columns.rows + j]! / a.cols + 1;
          const kernel = base * base * base;
          total += kernel;
          if (same && groups[j0 + j] === group) own += kernel;
        }
        toAll[group]! += total;
        inside[group]! += own;
      }
    }
  }
  return { toAll, inside };
}

function checkSamples(x: Matrix, y: Matrix): void {
  if (x.cols !== y.cols)
    throw new RangeError(`a kernel distance of ${x.cols}- and ${y.cols}-dimensional features`);
  if (x.rows < 2) throw new RangeError(`a kernel distance needs at least 2 samples, got ${x.rows}`);
}
