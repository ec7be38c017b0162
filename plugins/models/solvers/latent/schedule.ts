/** DDPM's noise schedule and its respacing (Nichol & Dhariwal, arXiv:2102.09672; facebookresearch/DiT `diffusion/`). */

/** Steps a model is trained with. */
export const TRAINING_STEPS = 1000;

/** What losses and samplers read, one number a step, noisiest last. */
export interface DiffusionSchedule {
  /** The training step each step stands for: what the network is told. */
  readonly timesteps: readonly number[];
  readonly betas: Float64Array;
  readonly alphasCumulative: Float64Array;
  /** ᾱ of the step before; 1 before the first. */
  readonly alphasCumulativePrevious: Float64Array;
  /** Variance of q(x_{t−1} | x_t, x_0), its logarithm with the first step's (which is 0) replaced by the second's. */
  readonly posteriorVariance: Float64Array;
  readonly posteriorLogVariance: Float64Array;
  /** Mean of q(x_{t−1} | x_t, x_0) = startWeight·x_0 + currentWeight·x_t. */
  readonly startWeight: Float64Array;
  readonly currentWeight: Float64Array;
}

/** β from 1e-4 to 0.02, equally spaced (Ho et al., arXiv:2006.11239 §4). */
const linearBetas = (): Float64Array =>
  Float64Array.from({ length: TRAINING_STEPS }, (_, i) => 1e-4 + ((0.02 - 1e-4) * i) / (TRAINING_STEPS - 1));

function describe(betas: Float64Array, timesteps: readonly number[]): DiffusionSchedule {
  let product = 1;
  const alphasCumulative = betas.map((beta) => (product *= 1 - beta));
  const alphasCumulativePrevious = betas.map((_, i) => alphasCumulative[i - 1] ?? 1);
  const posteriorVariance = betas.map(
    (beta, i) => (beta * (1 - alphasCumulativePrevious[i]!)) / (1 - alphasCumulative[i]!),
  );
  return {
    timesteps,
    betas,
    alphasCumulative,
    alphasCumulativePrevious,
    posteriorVariance,
    posteriorLogVariance: posteriorVariance.map((_, i) =>
      Math.log(posteriorVariance[Math.max(i, 1)] ?? betas[0]!),
    ),
    startWeight: betas.map(
      (beta, i) => (beta * Math.sqrt(alphasCumulativePrevious[i]!)) / (1 - alphasCumulative[i]!),
    ),
    currentWeight: betas.map(
      (beta, i) => ((1 - alphasCumulativePrevious[i]!) * Math.sqrt(1 - beta)) / (1 - alphasCumulative[i]!),
    ),
  };
}

const allSteps = Array.from({ length: TRAINING_STEPS }, (_, i) => i);

/** The schedule a model is trained with. */
export const trainingSchedule = (): DiffusionSchedule => describe(linearBetas(), allSteps);

/** Half to even, as Python rounds. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/**
 * Training steps kept when each of `counts.length` equal sections keeps that many, equally spaced and with both
 * its ends: the released `space_timesteps`, its float accumulation and rounding included. Ascending.
 * @throws RangeError where a section is shorter than its count
 */
export function spaceTimesteps(counts: readonly number[]): readonly number[] {
  const size = Math.floor(TRAINING_STEPS / counts.length);
  const extra = TRAINING_STEPS % counts.length;
  let start = 0;
  return counts.flatMap((count, section) => {
    const length = size + (section < extra ? 1 : 0);
    if (count < 1 || count > length)
      throw new RangeError(`a section of ${length} steps cannot keep ${count}`);
    const stride = count === 1 ? 1 : (length - 1) / (count - 1);
    let position = 0;
    const kept = Array.from({ length: count }, () => {
      const step = start + roundHalfToEven(position);
      position += stride;
      return step;
    });
    start += length;
    return kept;
  });
}

/**
 * `count` training steps at a whole stride from 0 (DDIM's own spacing, released as "ddimN").
 * @throws RangeError where no whole stride gives that count
 */
export function strideTimesteps(count: number): readonly number[] {
  for (let stride = 1; stride < TRAINING_STEPS; stride++)
    if (Math.ceil(TRAINING_STEPS / stride) === count) return allSteps.filter((step) => step % stride === 0);
  throw new RangeError(`no whole stride over ${TRAINING_STEPS} steps keeps ${count}`);
}

/** The schedule of a diffusion over the kept steps only: β chosen so that ᾱ there is what it was in training. */
export function respacedSchedule(timesteps: readonly number[]): DiffusionSchedule {
  const { alphasCumulative } = trainingSchedule();
  const betas = Float64Array.from(timesteps, (step, i) => {
    const before = i === 0 ? 1 : alphasCumulative[timesteps[i - 1]!]!;
    return 1 - alphasCumulative[step]! / before;
  });
  return describe(betas, timesteps);
}
