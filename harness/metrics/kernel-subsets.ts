import type { Choice } from "./choice.ts";

/** Rows of the samples and, as many, of the reference. */
export interface KernelSubset {
  readonly samples: Int32Array;
  readonly reference: Int32Array;
}

/** What the tools call `kid_subsets` and `kid_subset_size`. */
export interface SubsetPlan {
  readonly count: number;
  readonly size: number;
}

/**
 * torch-fidelity's subsets, with the samples as its input1: each round draws samples, then reference rows, from one
 * RandomState(2020).
 *
 * @throws RangeError where either side has fewer rows than a subset, as the tool does
 */
export function torchFidelitySubsets(
  n: number,
  m: number,
  { count, size }: SubsetPlan,
  choice: Choice,
): KernelSubset[] {
  checkPlan(count, size);
  if (size > Math.min(n, m))
    throw new RangeError(`a subset of ${size} rows needs as many on either side, got ${n} and ${m}`);
  return Array.from({ length: count }, () => {
    const samples = choice(n, size);
    return { samples, reference: choice(m, size) };
  });
}

/**
 * clean-fid's subsets: no larger than either side, reference rows drawn before samples. The tool draws from NumPy's
 * global generator, which it does not seed.
 */
export function cleanFidSubsets(
  n: number,
  m: number,
  { count, size }: SubsetPlan,
  choice: Choice,
): KernelSubset[] {
  checkPlan(count, size);
  const used = Math.min(n, m, size);
  return Array.from({ length: count }, () => {
    const reference = choice(m, used);
    return { samples: choice(n, used), reference };
  });
}

function checkPlan(count: number, size: number): void {
  if (!Number.isInteger(count) || count < 1)
    throw new RangeError(`subsets: the count must be an integer ≥ 1, got ${count}`);
  if (!Number.isInteger(size) || size < 2)
    throw new RangeError(`subsets: the size must be an integer ≥ 2, got ${size}`);
}
