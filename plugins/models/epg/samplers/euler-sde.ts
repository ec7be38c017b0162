/**
 * Euler and Maruyama's method on the reverse-time SDE (Song et al., arXiv:2011.13456 eq. 6; for σ(t) = t it is
 * dx = 2d dσ + √(2σ) dw, arXiv:2206.00364 eq. 6 with β = 1/σ): x' = x + 2(σ' − σ)d + √(2σ(σ − σ'))·ε.
 */
import { advance, type Solver, slope } from "./solver.ts";

/** n calls for n levels; the last step, to σ = 0, is the denoised image itself. */
export const eulerSde: Solver = async (denoise, start, levels, noise) => {
  let x = start;
  for (let i = 0; i + 1 < levels.length; i++) {
    const sigma = levels[i]!;
    const step = levels[i + 1]! - sigma;
    x = advance(x, slope(x, await denoise(x, sigma), sigma), 2 * step);
    x = advance(x, noise(i), Math.sqrt(-2 * sigma * step));
  }
  return denoise(x, levels.at(-1)!);
};
