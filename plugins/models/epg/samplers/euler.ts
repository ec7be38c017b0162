/** Euler's method on the probability-flow ODE (Song et al., arXiv:2011.13456 eq. 13, as arXiv:2206.00364 writes it). */
import { follow, type Solver } from "../../solvers/solver.ts";

/** Stops at the last level, as released: n − 1 calls for n levels. */
export const eulerReleased: Solver = async (denoise, x, levels) => {
  for (let i = 0; i + 1 < levels.length; i++) {
    const sigma = levels[i]!;
    follow(x, await denoise(x, sigma), sigma, levels[i + 1]! - sigma);
  }
  return x;
};

/** With a last step to σ = 0, which is the denoised image itself: n calls. */
export const euler: Solver = async (denoise, x, levels, noise) =>
  denoise(await eulerReleased(denoise, x, levels, noise), levels.at(-1)!);
