/** EDM's stochastic sampler (Karras et al., arXiv:2206.00364, Algorithm 2): Heun steps, each from a little more noise. */
import { heunStep } from "../../solvers/heun.ts";
import { addNoise, type Solver } from "../../solvers/solver.ts";

export interface Churn {
  /** S_churn: how much of the noise is renewed over all steps. */
  readonly churn: number;
  /** S_tmin and S_tmax: where it is, low ≤ σ ≤ high. */
  readonly churnLow: number;
  readonly churnHigh: number;
  /** S_noise: deviation of the new noise. */
  readonly noiseScale: number;
}

/** No step renews more than it: σ̂ ≤ √2·σ. */
const LIMIT = Math.SQRT2 - 1;

/** 2n − 1 calls for n levels. `churnLow` and `churnHigh` are in the units of the levels. */
export const edmStochastic =
  ({ churn, churnLow, churnHigh, noiseScale }: Churn): Solver =>
  async (denoise, x, levels, noise) => {
    const gain = Math.min(churn / levels.length, LIMIT);
    /** Adds noise to x; returns the level it is then at. */
    const raise = (sigma: number, step: number): number => {
      const higher = churnLow <= sigma && sigma <= churnHigh ? sigma * (1 + gain) : sigma;
      const added = noiseScale * Math.sqrt(higher ** 2 - sigma ** 2);
      if (added > 0) addNoise(x, noise(step), added);
      return higher;
    };
    const last = levels.length - 1;
    for (let i = 0; i < last; i++) await heunStep(denoise, x, raise(levels[i]!, i), levels[i + 1]!);
    return denoise(x, raise(levels[last]!, last));
  };
