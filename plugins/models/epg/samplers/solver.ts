/** What solvers of the probability-flow ODE and the reverse SDE share. */

/** Images; a solver computes in the precision of those it starts from. */
export type Pixels = Float32Array | Float64Array;

/**
 * The clean images seen in x at a (shifted) noise level, guided and clamped.
 * A solver may keep what it gets: every call returns a new array.
 */
export type Denoiser = (x: Pixels, sigma: number) => Promise<Pixels>;

/** Unit normal noise for a solver's step, a new array like x: each image's from its own stream. */
type NoiseSource = (step: number) => Pixels;

/** Integrates from x = noise·levels[0] down the levels (shifted, noisiest first, at least two). */
export type Solver = (
  denoise: Denoiser,
  x: Pixels,
  levels: Float64Array,
  noise: NoiseSource,
) => Promise<Pixels>;

/** The slope d = (x − denoised)/σ. */
export function slope(x: Pixels, denoised: Pixels, sigma: number): Pixels {
  const d = x.slice();
  for (let i = 0; i < d.length; i++) d[i] = (d[i]! - denoised[i]!) / sigma;
  return d;
}

/** x + a·d */
export function advance(x: Pixels, d: Pixels, a: number): Pixels {
  const next = x.slice();
  for (let i = 0; i < next.length; i++) next[i] = next[i]! + a * d[i]!;
  return next;
}
