/** Heun's second-order method (Karras et al., arXiv:2206.00364, Algorithm 1). */
import { advance, type Denoiser, type Pixels, type Solver, slope } from "./solver.ts";

/** Stops at the last level, as EPG's released loop does: 2(n − 1) calls for n levels. */
export const heunReleased: Solver = async (denoise, start, levels) => {
  let x = start;
  for (let i = 0; i + 1 < levels.length; i++) x = await heunStep(denoise, x, levels[i]!, levels[i + 1]!);
  return x;
};

/** EDM's form: then an Euler step to σ = 0, which is the denoised image itself: 2n − 1 calls. */
export const heun: Solver = async (denoise, start, levels, noise) =>
  denoise(await heunReleased(denoise, start, levels, noise), levels.at(-1)!);

/** From x at σ to the level `next`, along the mean of the slopes at both ends: two calls. */
export async function heunStep(denoise: Denoiser, x: Pixels, sigma: number, next: number): Promise<Pixels> {
  const d = slope(x, await denoise(x, sigma), sigma);
  const guess = advance(x, d, next - sigma);
  const corrected = slope(guess, await denoise(guess, next), next);
  for (let k = 0; k < d.length; k++) d[k] = (d[k]! + corrected[k]!) / 2;
  return advance(x, d, next - sigma);
}
