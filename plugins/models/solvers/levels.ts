/** EDM's noise levels (Karras et al., arXiv:2206.00364, table 1). */

export const SIGMA_MIN = 0.002;
export const SIGMA_MAX = 80;
export const RHO = 7;

/** Level `index` of a grid of `count`, noisiest first (arXiv:2206.00364 eq. 5); `index` = `count` is the level below the last. */
export function karrasLevel(index: number, count: number, low = SIGMA_MIN, high = SIGMA_MAX): number {
  const [first, last] = [high ** (1 / RHO), low ** (1 / RHO)];
  return (first + (index / (count - 1)) * (last - first)) ** RHO;
}

export const karrasLevels = (count: number, low = SIGMA_MIN, high = SIGMA_MAX): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => karrasLevel(index, count, low, high));
