/** Heun's second-order method (Karras et al., arXiv:2206.00364, Algorithm 1). */
import { type Denoiser, follow, type Pixels, type Solver } from "./solver.ts";

/** Stops at the last level, as EPG's released loop does: 2(n − 1) calls for n levels. */
export const heunReleased: Solver = async (denoise, x, levels) => {
  for (let i = 0; i + 1 < levels.length; i++) await heunStep(denoise, x, levels[i]!, levels[i + 1]!);
  return x;
};

/** EDM's form: then an Euler step to σ = 0, which is the denoised image itself: 2n − 1 calls. */
export const heun: Solver = async (denoise, x, levels, noise) =>
  denoise(await heunReleased(denoise, x, levels, noise), levels.at(-1)!);

/** Takes x from σ to the level `next`, in its place, along the mean of the slopes at both ends: two calls. */
export async function heunStep(denoise: Denoiser, x: Pixels, sigma: number, next: number): Promise<void> {
  const step = next - sigma;
  const d = await denoise(x, sigma);
  follow(x, d, sigma, step);
  const denoised = await denoise(x, next);
  // x + step·(d + d')/2, from x + step·d.
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + (step / 2) * ((x[i]! - denoised[i]!) / next - d[i]!);
}
