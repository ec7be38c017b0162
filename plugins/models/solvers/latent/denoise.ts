/** Ancestral (DDPM) and deterministic (DDIM, η = 0) sampling over a respaced schedule, without clipping. */
import type { DiffusionSchedule } from "./schedule.ts";

export type Solver = "ddim" | "ddpm";

/** Float32 where the network computes in it. */
export type Numbers = Float32Array | Float64Array;

/** The network on a whole batch at one training step: for each image noise, then, where it is learned, the variance's interpolation. */
export type Predict = (x: Numbers, timestep: number) => Promise<Numbers>;

/**
 * Yields the latents after each step, from the noisiest to the clean ones. `size`: numbers of one latent.
 * @param noiseAt standard normals for the batch at that step of the schedule ("ddpm" only; never for step 0)
 */
export async function* denoise(
  predict: Predict,
  schedule: DiffusionSchedule,
  solver: Solver,
  start: Numbers,
  size: number,
  noiseAt: (step: number) => Numbers,
): AsyncGenerator<Numbers> {
  const advance = solver === "ddim" ? implicitStep : ancestralStep;
  let x = start;
  for (let step = schedule.timesteps.length - 1; step >= 0; step--) {
    const output = await predict(x, schedule.timesteps[step]!);
    x = advance(schedule, step, x, output, size, noiseAt);
    yield x;
  }
}

/** Where the network's noise for number i of the batch is in its output; the variance's is `size` further on. */
const noiseIndex = (i: number, size: number, learned: boolean): number =>
  (learned ? 2 : 1) * size * Math.floor(i / size) + (i % size);

const isLearned = (x: Numbers, output: Numbers): boolean => output.length > x.length;

/** x_0 = (x − √(1−ᾱ)·ε)/√ᾱ */
export const cleanFrom = (x: number, noise: number, alpha: number): number =>
  (x - Math.sqrt(1 - alpha) * noise) / Math.sqrt(alpha);

/** x' = √ᾱ'·x_0 + √(1−ᾱ')·ε (Song et al., arXiv:2010.02502 eq. 12, σ = 0) */
function implicitStep(
  { alphasCumulative, alphasCumulativePrevious }: DiffusionSchedule,
  step: number,
  x: Numbers,
  output: Numbers,
  size: number,
): Numbers {
  const [alpha, next] = [alphasCumulative[step]!, alphasCumulativePrevious[step]!];
  const learned = isLearned(x, output);
  return x.map((value, i) => {
    const noise = output[noiseIndex(i, size, learned)]!;
    const clean = cleanFrom(value, noise, alpha);
    return Math.sqrt(next) * clean + Math.sqrt(1 - next) * noise;
  });
}

/**
 * A draw from N(posterior mean, learned variance); the last step adds no noise (arXiv:2102.09672 eq. 15). Of a network
 * that learned none the variance is β, as the released code has it (`ModelVarType.FIXED_LARGE`).
 */
function ancestralStep(
  schedule: DiffusionSchedule,
  step: number,
  x: Numbers,
  output: Numbers,
  size: number,
  noiseAt: (step: number) => Numbers,
): Numbers {
  const alpha = schedule.alphasCumulative[step]!;
  const [startWeight, currentWeight] = [schedule.startWeight[step]!, schedule.currentWeight[step]!];
  const [low, high] = [schedule.posteriorLogVariance[step]!, Math.log(schedule.betas[step]!)];
  const fresh = step > 0 ? noiseAt(step) : null;
  const learned = isLearned(x, output);
  return x.map((value, i) => {
    const at = noiseIndex(i, size, learned);
    const clean = cleanFrom(value, output[at]!, alpha);
    const mean = startWeight * clean + currentWeight * value;
    if (!fresh) return mean;
    const fraction = learned ? (output[at + size]! + 1) / 2 : 1;
    return mean + Math.exp((fraction * high + (1 - fraction) * low) / 2) * fresh[i]!;
  });
}

/**
 * Classifier-free guidance in place of the conditional output: u + scale·(c − u) in the first `channels` of each
 * image's `total` channels, the rest (other channels, variance) conditional.
 */
export function guide(
  conditional: Numbers,
  unconditional: Numbers,
  scale: number,
  channels: number,
  total: number,
  area: number,
): Numbers {
  return conditional.map((c, i) => {
    const channel = Math.floor(i / area) % total;
    return channel < channels ? unconditional[i]! + scale * (c - unconditional[i]!) : c;
  });
}
