/** Sampling with a file's network, as many images a call as it takes. */
import type { Sampler } from "../../../harness/plugin.ts";
import type { Stream } from "../../../harness/random/index.ts";
import { type SamplerChoice, samplingLevels, solverOf } from "../solvers/choice.ts";
import { SIGMA_MAX, SIGMA_MIN } from "../solvers/levels.ts";
import type { Denoiser, Pixels } from "../solvers/solver.ts";
import type { OnnxOptions } from "./options.ts";
import type { Call } from "./plan.ts";

/** One call: noise or x, its level where it is a denoiser, and labels; images, NCHW, not clamped. */
export type Network = (x: Pixels, sigma: number, labels: Int32Array) => Promise<Float32Array>;

const USUAL: SamplerChoice = { kind: "heun", steps: 16, sigmaMin: SIGMA_MIN, sigmaMax: SIGMA_MAX };

const choiceOf = ({ sampler }: OnnxOptions): SamplerChoice => sampler ?? USUAL;

export function describe(options: OnnxOptions, { kind, shift }: Call): Sampler["description"] {
  const { file, guidance } = options;
  if (kind === "generator") return { file, network: kind };
  const { kind: solver, ...settings } = choiceOf(options);
  return {
    file,
    network: kind,
    solver,
    ...settings,
    sigmaShift: shift,
    ...(guidance
      ? { guidanceScale: guidance.scale, guidanceLow: guidance.low, guidanceHigh: guidance.high ?? "none" }
      : { guidance: "none" }),
  };
}

/** `call.batch` images from their streams, NCHW in the network's own scale, clamped by a denoiser at every call. */
export async function draw(
  network: Network,
  options: OnnxOptions,
  call: Call,
  streams: readonly Stream[],
  labels: readonly number[],
): Promise<Pixels> {
  const each = call.shape.reduce((size, dim) => size * dim, 1);
  const classes = Int32Array.from(labels, (label) => (label < 0 ? (call.noClass ?? 0) : label));
  const normals = (of: readonly Stream[]): Float32Array => {
    const x = new Float32Array(of.length * each);
    of.forEach((stream, k) => {
      stream.fillNormal(x.subarray(k * each, (k + 1) * each));
    });
    return x;
  };
  if (call.kind === "generator") return network(normals(streams), 0, classes);
  const choice = choiceOf(options);
  const levels = samplingLevels(choice, call.shift);
  const start = normals(streams).map((z) => z * levels[0]!);
  const noise = (step: number): Float32Array =>
    normals(streams.map((stream) => stream.stream("noise", step)));
  const solve = solverOf(choice, call.shift);
  return solve(guided(network, options, call, classes), start, levels, noise);
}

function guided(network: Network, { guidance }: OnnxOptions, call: Call, classes: Int32Array): Denoiser {
  const none = new Int32Array(classes.length).fill(call.noClass ?? 0);
  return async (x, sigma) => {
    const denoised = await network(x, sigma, classes);
    const level = sigma / call.shift;
    if (guidance && guidance.low < level && (guidance.high === null || level <= guidance.high)) {
      const worse = await network(x, sigma, none);
      for (let i = 0; i < denoised.length; i++)
        denoised[i] = worse[i]! + guidance.scale * (denoised[i]! - worse[i]!);
    }
    return limited(denoised, call);
  };
}

/** To what 0 and 1 are in each channel. */
function limited(images: Float32Array, { mean, deviation, shape }: Call): Float32Array {
  const area = shape[1]! * shape[2]!;
  for (let i = 0; i < images.length; i++) {
    const channel = Math.floor(i / area) % 3;
    const [low, high] = [-mean[channel]! / deviation[channel]!, (1 - mean[channel]!) / deviation[channel]!];
    images[i] = Math.min(high, Math.max(low, images[i]!));
  }
  return images;
}

/** NCHW to bytes, NHWC: trunc(255·value + .5), saturating. */
export function toBytes(images: Pixels, side: number, { mean, deviation }: Call): Uint8Array {
  const area = side * side;
  const out = new Uint8Array(images.length);
  for (let i = 0; i < images.length; i++) {
    const [plane, pixel] = [Math.floor(i / area), i % area];
    const channel = plane % 3;
    const value = Math.trunc(255 * (images[i]! * deviation[channel]! + mean[channel]!) + 0.5);
    out[((plane - channel) / 3) * 3 * area + 3 * pixel + channel] = Math.min(255, Math.max(0, value));
  }
  return out;
}
