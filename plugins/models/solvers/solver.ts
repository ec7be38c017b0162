/** What solvers of the probability-flow ODE and the reverse SDE share. */

/** Images; a solver computes in the precision of those it starts from. */
export type Pixels = Float32Array | Float64Array;

/** The clean images seen in x at a (shifted) noise level, guided and clamped: a new array, the solver's own. */
export type Denoiser = (x: Pixels, sigma: number) => Promise<Pixels>;

/** Unit normal noise for a solver's step, a new array like x: each image's from its own stream. */
type NoiseSource = (step: number) => Pixels;

/** Integrates from x = noise·levels[0], which it may overwrite, down the levels (shifted, noisiest first). */
export type Solver = (
  denoise: Denoiser,
  x: Pixels,
  levels: Float64Array,
  noise: NoiseSource,
) => Promise<Pixels>;

/**
 * x + step·d, in the place of x, with the slope d = (x − denoised)/σ, which is left in the place of `denoised`:
 * images are large, and both arrays to hold them and passes over them dear.
 */
export function follow(x: Pixels, denoised: Pixels, sigma: number, step: number): void {
  for (let i = 0; i < x.length; i++) {
    const d = (x[i]! - denoised[i]!) / sigma;
    x[i] = x[i]! + step * d;
    denoised[i] = d;
  }
}

/** x + deviation·noise, in the place of x. */
export function addNoise(x: Pixels, noise: Pixels, deviation: number): void {
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + deviation * noise[i]!;
}
