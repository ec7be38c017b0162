/**
 * Euler and Maruyama's method on the reverse-time SDE (Song et al., arXiv:2011.13456 eq. 6; for σ(t) = t it is
 * dx = 2d dσ + √(2σ) dw, arXiv:2206.00364 eq. 6 with β = 1/σ): x' = x + 2(σ' − σ)d + √(2σ(σ − σ'))·ε.
 */
import { addNoise, follow, type Solver } from "../../solvers/solver.ts";

/** n calls for n levels; the last step, to σ = 0, is the denoised image itself. */
export const eulerSde: Solver = async (denoise, x, levels, noise) => {
  for (let i = 0; i + 1 < levels.length; i++) {
    const sigma = levels[i]!;
    const step = levels[i + 1]! - sigma;
    follow(x, await denoise(x, sigma), sigma, 2 * step);
    addNoise(x, noise(i), Math.sqrt(-2 * sigma * step));
  }
  return denoise(x, levels.at(-1)!);
};
