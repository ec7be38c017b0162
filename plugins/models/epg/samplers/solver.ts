/** What solvers of the probability-flow ODE share. */

/**
 * The clean images seen in x at a (shifted) noise level, guided and clamped.
 * A solver may keep what it gets: every call returns a new array.
 */
export type Denoiser = (x: Float32Array, sigma: number) => Promise<Float32Array>;

/** Integrates from x = noise·levels[0] down the levels (shifted, noisiest first). */
export type Solver = (denoise: Denoiser, x: Float32Array, levels: Float64Array) => Promise<Float32Array>;

/** The slope d = (x − denoised)/σ. */
export function slope(x: Float32Array, denoised: Float32Array, sigma: number): Float32Array {
  const d = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) d[i] = (x[i]! - denoised[i]!) / sigma;
  return d;
}

/** x + a·d */
export function advance(x: Float32Array, d: Float32Array, a: number): Float32Array {
  const next = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) next[i] = x[i]! + a * d[i]!;
  return next;
}
