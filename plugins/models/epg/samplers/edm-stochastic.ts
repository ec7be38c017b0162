/** EDM's stochastic sampler (Karras et al., arXiv:2206.00364, Algorithm 2): Heun steps, each from a little more noise. */
import { heunStep } from "./heun.ts";
import { advance, type Pixels, type Solver } from "./solver.ts";

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
  async (denoise, start, levels, noise) => {
    const gain = Math.min(churn / levels.length, LIMIT);
    const raised = (x: Pixels, sigma: number, step: number) => {
      const higher = churnLow <= sigma && sigma <= churnHigh ? sigma * (1 + gain) : sigma;
      const added = noiseScale * Math.sqrt(higher ** 2 - sigma ** 2);
      return [added === 0 ? x : advance(x, noise(step), added), higher] as const;
    };
    let x = start;
    for (let i = 0; i + 1 < levels.length; i++)
      x = await heunStep(denoise, ...raised(x, levels[i]!, i), levels[i + 1]!);
    return denoise(...raised(x, levels.at(-1)!, levels.length - 1));
  };
