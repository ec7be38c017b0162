/** Sampling with a file's network, as many images a call as it takes. */
import type { Sampler } from "../../../harness/plugin.ts";
import type { Stream } from "../../../harness/random/index.ts";
import { type SamplerChoice, samplingLevels, solverOf } from "../solvers/choice.ts";
import { acts, guide } from "../solvers/guidance-interval.ts";
import { SIGMA_MAX, SIGMA_MIN } from "../solvers/levels.ts";
import { drawNormals } from "../solvers/noise.ts";
import { channelRanges, limit } from "../solvers/pixels.ts";
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
  if (call.kind === "generator") return network(drawNormals(streams, each), 0, classes);
  const choice = choiceOf(options);
  const levels = samplingLevels(choice, call.shift);
  const start = drawNormals(streams, each).map((z) => z * levels[0]!);
  const noise = (step: number): Float32Array =>
    drawNormals(
      streams.map((stream) => stream.stream("noise", step)),
      each,
    );
  const solve = solverOf(choice, call.shift);
  return solve(guided(network, options, call, classes), start, levels, noise);
}

function guided(network: Network, { guidance }: OnnxOptions, call: Call, classes: Int32Array): Denoiser {
  const none = new Int32Array(classes.length).fill(call.noClass ?? 0);
  const [, height, width] = call.shape as readonly [number, number, number];
  const bounds = channelRanges(call.scales);
  return async (x, sigma) => {
    const denoised = await network(x, sigma, classes);
    if (guidance && acts(guidance, sigma / call.shift))
      guide(denoised, await network(x, sigma, none), guidance.scale);
    limit(denoised, height * width, bounds);
    return denoised;
  };
}
