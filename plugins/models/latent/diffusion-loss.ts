/** DDPM's training loss with a learned variance (Nichol & Dhariwal, arXiv:2102.09672 §3.1; DiT's `gaussian_diffusion.py`). */
import {
  add,
  constant,
  exp,
  gather,
  greater,
  log,
  maximum,
  mean,
  mul,
  reshape,
  split,
  square,
  stopGradient,
  sub,
  tanh,
  type Value,
  where,
} from "../../../harness/program/index.ts";
import { type DiffusionSchedule, trainingSchedule } from "../solvers/latent/schedule.ts";

/** One number of the schedule for each image, [N, 1, 1, 1]. */
function pick(table: Float64Array, t: Value): Value {
  const rows = constant({ dtype: "float32", shape: [table.length, 1], data: table });
  return reshape(gather(rows, t), [t.shape[0]!, 1, 1, 1]);
}

/** q(x_t | x_0): √ᾱ·x_0 + √(1−ᾱ)·noise; t [N] int32. */
export function addNoise(start: Value, noise: Value, t: Value): Value {
  const { alphasCumulative } = trainingSchedule();
  return add(
    mul(pick(alphasCumulative.map(Math.sqrt), t), start),
    mul(
      pick(
        alphasCumulative.map((alpha) => Math.sqrt(1 - alpha)),
        t,
      ),
      noise,
    ),
  );
}

const imageMean = (x: Value): Value => mean(x, [1, 2, 3]);

/** KL(N(μ₁, e^l₁) ‖ N(μ₂, e^l₂)) of each element, in nats. */
function normalDivergence(mean1: Value, log1: Value, mean2: Value, log2: Value): Value {
  const ratio = exp(sub(log1, log2));
  const distance = mul(square(sub(mean1, mean2)), exp(mul(log2, -1)));
  return mul(add(add(sub(log2, log1), sub(ratio, 1)), distance), 0.5);
}

/** The released fast normal distribution function: ½(1 + tanh(√(2/π)(x + 0.044715·x³))). */
const normalCdf = (x: Value): Value => {
  const cubic = mul(x, add(mul(square(x), 0.044715), 1));
  return mul(add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1), 0.5);
};

const logAtLeast = (x: Value): Value => log(maximum(x, 1e-12));

/** Log-likelihood of x in bins of width 2/255 around it under N(mean, e^logVariance); the bins beyond ±.999 are open. */
function discretisedLogLikelihood(x: Value, mean: Value, logVariance: Value): Value {
  const inverseDeviation = exp(mul(logVariance, -0.5));
  const centred = sub(x, mean);
  const upper = normalCdf(mul(inverseDeviation, add(centred, 1 / 255)));
  const lower = normalCdf(mul(inverseDeviation, sub(centred, 1 / 255)));
  const inside = where(greater(x, 0.999), logAtLeast(sub(1, lower)), logAtLeast(sub(upper, lower)));
  return where(greater(-0.999, x), logAtLeast(upper), inside);
}

/** Variational bound of each image in bits per dimension; the mean is fixed, so that it trains the variance alone. */
function variationalBound(
  start: Value,
  noisy: Value,
  epsilon: Value,
  fraction: Value,
  t: Value,
  schedule: DiffusionSchedule,
): Value {
  const { betas, alphasCumulative, posteriorLogVariance, startWeight, currentWeight } = schedule;
  const smallest = pick(posteriorLogVariance, t);
  const interpolated = mul(add(fraction, 1), 0.5);
  const logVariance = add(
    mul(interpolated, pick(betas.map(Math.log), t)),
    mul(sub(1, interpolated), smallest),
  );
  const predictedStart = sub(
    mul(
      pick(
        alphasCumulative.map((alpha) => Math.sqrt(1 / alpha)),
        t,
      ),
      noisy,
    ),
    mul(
      pick(
        alphasCumulative.map((alpha) => Math.sqrt(1 / alpha - 1)),
        t,
      ),
      stopGradient(epsilon),
    ),
  );
  const meanFrom = (x0: Value): Value =>
    add(mul(pick(startWeight, t), x0), mul(pick(currentWeight, t), noisy));
  const predictedMean = meanFrom(predictedStart);
  const divergence = imageMean(normalDivergence(meanFrom(start), smallest, predictedMean, logVariance));
  const decoder = imageMean(discretisedLogLikelihood(start, predictedMean, logVariance));
  return mul(where(greater(t, FIRST), divergence, mul(decoder, -1)), 1 / Math.LN2);
}

const FIRST = constant({ dtype: "int32", shape: [], data: Int32Array.of(0) });

/** Each [N]. */
export interface DiffusionLoss {
  readonly squaredError: Value;
  /** Bits per dimension; null where no variance is learned. */
  readonly variationalBound: Value | null;
  /** What is descended: their sum. */
  readonly total: Value;
}

/**
 * @param output the network's: noise [N, C, h, w], then, where the variance is learned, as many channels for it, −1
 *   standing for the posterior's logarithm and 1 for log β
 * @param t training steps [N], int32
 */
export function diffusionLoss(
  output: Value,
  start: Value,
  noisy: Value,
  noise: Value,
  t: Value,
): DiffusionLoss {
  const parts = output.shape[1]! / start.shape[1]!;
  const [epsilon, fraction] = split(output, 1, parts) as readonly [Value, Value?];
  const squaredError = imageMean(square(sub(noise, epsilon)));
  if (!fraction) return { squaredError, variationalBound: null, total: squaredError };
  const bound = variationalBound(start, noisy, epsilon, fraction, t, trainingSchedule());
  return { squaredError, variationalBound: bound, total: add(squaredError, bound) };
}
