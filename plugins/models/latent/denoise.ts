/** Ancestral (DDPM) and deterministic (DDIM, η = 0) sampling over a respaced schedule, without clipping. */
import type { DiffusionSchedule } from "./schedule.ts";

export type Solver = "ddim" | "ddpm";

/** The network on a whole batch at one training step: noise, then the variance's interpolation, for each image. */
export type Predict = (x: Float32Array, timestep: number) => Promise<Float32Array>;

/**
 * Yields the latents after each step, from the noisiest to the clean ones. `size`: numbers of one latent.
 * @param noiseAt standard normals for the batch at that step of the schedule ("ddpm" only; never for step 0)
 */
export async function* denoise(
  predict: Predict,
  schedule: DiffusionSchedule,
  solver: Solver,
  start: Float32Array,
  size: number,
  noiseAt: (step: number) => Float32Array,
): AsyncGenerator<Float32Array> {
  const advance = solver === "ddim" ? implicitStep : ancestralStep;
  let x = start;
  for (let step = schedule.timesteps.length - 1; step >= 0; step--) {
    const output = await predict(x, schedule.timesteps[step]!);
    x = advance(schedule, step, x, output, size, noiseAt);
    yield x;
  }
}

/** Where the network's noise and variance for number i of the batch are in its output. */
const noiseIndex = (i: number, size: number): number => 2 * size * Math.floor(i / size) + (i % size);

/** x_0 = (x − √(1−ᾱ)·ε)/√ᾱ; x' = √ᾱ'·x_0 + √(1−ᾱ')·ε (Song et al., arXiv:2010.02502 eq. 12, σ = 0) */
function implicitStep(
  { alphasCumulative, alphasCumulativePrevious }: DiffusionSchedule,
  step: number,
  x: Float32Array,
  output: Float32Array,
  size: number,
): Float32Array {
  const [alpha, next] = [alphasCumulative[step]!, alphasCumulativePrevious[step]!];
  return x.map((value, i) => {
    const noise = output[noiseIndex(i, size)]!;
    const clean = (value - Math.sqrt(1 - alpha) * noise) / Math.sqrt(alpha);
    return Math.sqrt(next) * clean + Math.sqrt(1 - next) * noise;
  });
}

/** A draw from N(posterior mean, learned variance); the last step adds no noise (arXiv:2102.09672 eq. 15). */
function ancestralStep(
  schedule: DiffusionSchedule,
  step: number,
  x: Float32Array,
  output: Float32Array,
  size: number,
  noiseAt: (step: number) => Float32Array,
): Float32Array {
  const alpha = schedule.alphasCumulative[step]!;
  const [startWeight, currentWeight] = [schedule.startWeight[step]!, schedule.currentWeight[step]!];
  const [low, high] = [schedule.posteriorLogVariance[step]!, Math.log(schedule.betas[step]!)];
  const fresh = step > 0 ? noiseAt(step) : null;
  return x.map((value, i) => {
    const at = noiseIndex(i, size);
    const clean = (value - Math.sqrt(1 - alpha) * output[at]!) / Math.sqrt(alpha);
    const mean = startWeight * clean + currentWeight * value;
    if (!fresh) return mean;
    const fraction = (output[at + size]! + 1) / 2;
    return mean + Math.exp((fraction * high + (1 - fraction) * low) / 2) * fresh[i]!;
  });
}

/**
 * Classifier-free guidance in place of the conditional output: u + scale·(c − u) in the first `channels` of each
 * image's `total` channels, the rest (other channels, variance) conditional.
 */
export function guide(
  conditional: Float32Array,
  unconditional: Float32Array,
  scale: number,
  channels: number,
  total: number,
  area: number,
): Float32Array {
  return conditional.map((c, i) => {
    const channel = Math.floor(i / area) % total;
    return channel < channels ? unconditional[i]! + scale * (c - unconditional[i]!) : c;
  });
}
