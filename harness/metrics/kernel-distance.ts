import {
  chosenRows,
  type Matrix,
  type Product,
  product,
  type Rows,
  rowsOf,
  TILE,
} from "../linear-algebra/index.ts";
import { groupMembers, type Jackknifed, jackknife } from "./jackknife.ts";
import { subsetKernelSums } from "./kernel-subset-sums.ts";
import type { KernelSubset } from "./kernel-subsets.ts";
import { inOneGroup, kernelSum, kernelSums } from "./kernel-sums.ts";

/** Reference features, with the part of the distance that no sample changes. */
export interface KernelReference {
  readonly features: Matrix | Rows;
  /** The mean of k over pairs of different rows. */
  readonly meanKernel: number;
}

export async function kernelReference(
  features: Matrix | Rows,
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
  samples: Matrix | Rows,
  reference: KernelReference,
  groups: Int32Array,
  multiply: Product = product,
): Promise<Jackknifed> {
  checkSamples(samples, reference.features);
  const members = groupMembers(groups, samples.rows);
  const grouped = { rows: samples, groups, count: members.length };
  const within = await kernelSums(grouped, grouped, multiply);
  // A copy of the object: where samples are the reference itself, a row's pair with itself counts between the two.
  const across = await kernelSums(grouped, inOneGroup({ ...reference.features }), multiply);
  const ofGroup = (g: number): number => sum(within.subarray(g * members.length, (g + 1) * members.length));
  const [allWithin, allAcross] = [sum(within), sum(across)];
  const distance = (pairs: number, crossings: number, n: number): number =>
    pairs / (n * (n - 1)) + reference.meanKernel - (2 * crossings) / (n * reference.features.rows);
  return jackknife(members, 2, (left) => {
    if (left === null) return distance(allWithin, allAcross, samples.rows);
    return distance(
      // Pairs inside the group stand among its rows and among its columns: taken off twice, they come back once.
      allWithin - 2 * ofGroup(left) + within[left * members.length + left]!,
      allAcross - across[left]!,
      samples.rows - members[left]!.length,
    );
  });
}

/**
 * The same statistic on given subsets, one value each; their mean is the usual published KID. The spread of the
 * values is no standard error: subsets overlap.
 *
 * @param subsets rows of the samples and, as many, of the reference
 */
export async function kernelDistanceOfSubsets(
  samples: Matrix | Rows,
  reference: Matrix | Rows,
  subsets: readonly KernelSubset[],
  multiply: Product = product,
): Promise<number[]> {
  for (const subset of subsets)
    checkSamples(chosenRows(samples, subset.samples), chosenRows(reference, subset.reference));
  const [n, m] = [samples.rows, reference.rows];
  const drawn = subsets.reduce((sum, { samples: { length } }) => sum + 2 * length ** 2, 0);
  const ofSubsets = (n * n + m * m) / 2 + n * m < drawn ? fromAllProducts : fromOwnProducts;
  return ofSubsets(samples, reference, subsets, multiply);
}

/** Where subsets overlap so much that all pairs are fewer than theirs. */
async function fromAllProducts(
  samples: Matrix | Rows,
  reference: Matrix | Rows,
  subsets: readonly KernelSubset[],
  multiply: Product,
): Promise<number[]> {
  const [x, y] = [subsets.map((subset) => subset.samples), subsets.map((subset) => subset.reference)];
  const withinX = await subsetKernelSums(samples, x, samples, x, multiply);
  const withinY = await subsetKernelSums(reference, y, reference, y, multiply);
  const across = await subsetKernelSums(samples, x, rowsOf(reference), y, multiply);
  return subsets.map((subset, s) => {
    const [n, m] = [subset.samples.length, subset.reference.length];
    return withinX[s]! / (n * (n - 1)) + withinY[s]! / (m * (m - 1)) - (2 * across[s]!) / (n * m);
  });
}

async function fromOwnProducts(
  samples: Matrix | Rows,
  reference: Matrix | Rows,
  subsets: readonly KernelSubset[],
  multiply: Product,
): Promise<number[]> {
  const values: number[] = [];
  for (const subset of subsets) {
    const x = await subsetOf(samples, subset.samples);
    const y = await kernelReference(await subsetOf(reference, subset.reference), multiply);
    const pairs = await kernelSum(x, x, multiply);
    const crossings = await kernelSum(x, y.features, multiply);
    values.push(
      pairs / (x.rows * (x.rows - 1)) + y.meanKernel - (2 * crossings) / (x.rows * y.features.rows),
    );
  }
  return values;
}

/** Held, where it is no more than a tile and so is read once. */
async function subsetOf(a: Matrix | Rows, indices: Int32Array): Promise<Matrix | Rows> {
  return indices.length <= TILE ? rowsOf(a).select(indices) : chosenRows(a, indices);
}

function checkSamples(x: Matrix | Rows, y: Matrix | Rows): void {
  if (x.cols !== y.cols)
    throw new RangeError(`a kernel distance of ${x.cols}- and ${y.cols}-dimensional features`);
  if (x.rows < 2) throw new RangeError(`a kernel distance needs at least 2 samples, got ${x.rows}`);
}

const sum = (values: Float64Array): number => values.reduce((total, x) => total + x, 0);
