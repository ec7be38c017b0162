/**
 * Dormand and Prince's method of fifth order with steps of its own choosing (Dormand & Prince, J. Comp. Appl. Math. 6, 1980;
 * Hairer, Nørsett & Wanner, "Solving Ordinary Differential Equations I", II.4), with torchdiffeq's control of steps: it may
 * step past t = 1, and interpolates there.
 */
import { UserError } from "../../../../harness/errors.ts";
import type { Pixels } from "../solver.ts";
import type { FlowSolver, Velocity } from "./flow.ts";

const NODES = [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const STAGES = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** The solution of fifth order less the embedded one. */
const ERROR = [
  35 / 384 - 1951 / 21600,
  0,
  500 / 1113 - 22642 / 50085,
  125 / 192 - 451 / 720,
  -2187 / 6784 + 12231 / 42400,
  11 / 84 - 649 / 6300,
  -1 / 60,
];
/** The solution at the middle of the step (Shampine, Math. Comp. 46, 1986). */
const MIDDLE = [
  6025192743 / 30085553152 / 2,
  0,
  51252292925 / 65400821598 / 2,
  -2691868925 / 45128329728 / 2,
  187940372067 / 1594534317056 / 2,
  -1776094331 / 19743644256 / 2,
  11237099 / 235043384 / 2,
];

/** What an error is measured by: atol + rtol·|x|. SiT's. */
const ABSOLUTE = 1e-6;
const RELATIVE = 1e-3;

const rootMeanSquare = (start: number, end: number, value: (i: number) => number): number => {
  let sum = 0;
  for (let i = start; i < end; i++) sum += value(i) ** 2;
  return Math.sqrt(sum / (end - start));
};

/** x + step·Σ weights·slopes, the step each image's own. */
function combined(
  x: Pixels,
  slopes: readonly Pixels[],
  weights: readonly number[],
  steps: Float64Array,
  size: number,
): Pixels {
  const y = x.slice();
  weights.forEach((weight, stage) => {
    const slope = slopes[stage]!;
    for (let i = 0; i < y.length; i++) y[i] = y[i]! + steps[Math.floor(i / size)]! * weight * slope[i]!;
  });
  return y;
}

/** A first step for each image, from one more call a hundredth of the way (Hairer et al., II.4). */
async function firstSteps(velocity: Velocity, x: Pixels, slope: Pixels, size: number): Promise<Float64Array> {
  const images = x.length / size;
  const scale = (i: number): number => ABSOLUTE + RELATIVE * Math.abs(x[i]!);
  const norms = (value: (i: number) => number): Float64Array =>
    Float64Array.from({ length: images }, (_, k) =>
      rootMeanSquare(k * size, (k + 1) * size, (i) => value(i) / scale(i)),
    );
  const [d0, d1] = [norms((i) => x[i]!), norms((i) => slope[i]!)];
  const probe = d0.map((d, k) => (d < 1e-5 || d1[k]! < 1e-5 ? 1e-6 : (0.01 * d) / d1[k]!));
  const next = await velocity(combined(x, [slope], [1], probe, size), probe);
  const d2 = norms((i) => next[i]! - slope[i]!).map((d, k) => d / probe[k]!);
  return probe.map((h, k) => {
    const still = d1[k]! <= 1e-15 && d2[k]! <= 1e-15;
    const guess = still ? Math.max(1e-6, h * 1e-3) : (0.01 / Math.max(d1[k]!, d2[k]!)) ** (1 / 5);
    return Math.min(100 * h, guess);
  });
}

/** What a step is multiplied by: less where its error was above 1, at most tenfold where it was below. */
const growth = (error: number): number =>
  error === 0 ? 10 : Math.min(10, Math.max(0.9 / error ** (1 / 5), error < 1 ? 1 : 0.2));

/** The step's quartic through both ends, their slopes and the middle, at the fraction u. */
function interpolated(
  [start, end, middle]: readonly [number, number, number],
  [first, last]: readonly [number, number],
  u: number,
): number {
  const a = 2 * (last - first) - 8 * (start + end) + 16 * middle;
  const b = 5 * first - 3 * last + 18 * start + 14 * end - 32 * middle;
  const c = last - 4 * first - 11 * start - 5 * end + 16 * middle;
  return (((a * u + b) * u + c) * u + first) * u + start;
}

interface Step {
  /** Slopes at the step's seven nodes. */
  readonly slopes: readonly Pixels[];
  readonly end: Pixels;
  readonly middle: Pixels;
  readonly error: Pixels;
}

/** One step of every image from its own time: six calls. */
async function attempt(
  velocity: Velocity,
  x: Pixels,
  slope: Pixels,
  times: Float64Array,
  steps: Float64Array,
  size: number,
): Promise<Step> {
  const slopes = [slope];
  let end = x;
  for (const [stage, weights] of STAGES.entries()) {
    end = combined(x, slopes, weights, steps, size);
    const at = times.map((t, k) => t + NODES[stage]! * steps[k]!);
    slopes.push(await velocity(end, at));
  }
  return {
    slopes,
    end,
    middle: combined(x, slopes, MIDDLE, steps, size),
    error: combined(new Float64Array(x.length), slopes, ERROR, steps, size),
  };
}

/**
 * 2 calls, then 6 a step, until the slowest image is there. Every image's steps are its own, so that it depends on nothing
 * beside it; torchdiffeq's norm is one over the batch (which `size` = x.length gives).
 * @throws UserError where the velocity is not finite
 */
export const dopri5: FlowSolver = async (velocity, x, size) => {
  const images = x.length / size;
  const result = x.slice();
  const times = new Float64Array(images);
  const slope = await velocity(x, times);
  const steps = await firstSteps(velocity, x, slope, size);
  /** Takes image k as far as its step goes; one that has arrived stays. */
  const settle = (k: number, { slopes, end, middle, error }: Step): void => {
    const [from, to, step, time] = [k * size, (k + 1) * size, steps[k]!, times[k]!];
    const allowed = (i: number): number => ABSOLUTE + RELATIVE * Math.max(Math.abs(x[i]!), Math.abs(end[i]!));
    const ratio = rootMeanSquare(from, to, (i) => error[i]! / allowed(i));
    if (!Number.isFinite(ratio) || !(time + step > time)) throw diverged(time);
    steps[k] = step * growth(ratio);
    if (ratio > 1) return;
    times[k] = time + step;
    const last = slopes.at(-1)!;
    if (times[k]! >= 1) {
      for (let i = from; i < to; i++) {
        const ends = [step * slopes[0]![i]!, step * last[i]!] as const;
        result[i] = interpolated([x[i]!, end[i]!, middle[i]!], ends, (1 - time) / step);
      }
      [times[k], steps[k]] = [1, 0];
    }
    x.set(end.subarray(from, to), from);
    slope.set(last.subarray(from, to), from);
  };
  while (times.some((time) => time < 1)) {
    const step = await attempt(velocity, x, slope, times, steps, size);
    for (let k = 0; k < images; k++) if (times[k]! < 1) settle(k, step);
  }
  return result;
};

const diverged = (t: number): UserError =>
  new UserError(
    `sampler dopri5() finds no step at t = ${t.toPrecision(3)} that keeps its tolerance: the velocity is not finite, or too rough`,
    "use a sampler of equal steps, such as odeHeun(25), or weights that were trained longer",
  );
