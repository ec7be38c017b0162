/**
 * Ancestral sampling of a variance-exploding process (Song et al., arXiv:2011.13456, Appendix F):
 * x' ~ N(x + (σ'² − σ²)·d/σ, σ'²(σ² − σ'²)/σ²), an Euler step to below the next level and noise back up to it.
 */
import { addNoise, follow, type Solver } from "../../solvers/solver.ts";

/** n calls for n levels; the last step, to σ = 0, is the denoised image itself. */
export const ancestralEuler: Solver = async (denoise, x, levels, noise) => {
  for (let i = 0; i + 1 < levels.length; i++) {
    const [sigma, next] = [levels[i]!, levels[i + 1]!];
    const down = next ** 2 / sigma;
    const up = Math.sqrt(next ** 2 - down ** 2);
    follow(x, await denoise(x, sigma), sigma, down - sigma);
    addNoise(x, noise(i), up);
  }
  return denoise(x, levels.at(-1)!);
};
