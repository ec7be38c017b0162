/** EPG's samplers by name, and a sampler over trained weights. */
import type { Runtime, Sampler } from "../../../../harness/plugin.ts";
import type { Tensors } from "../../../../harness/program/index.ts";
import type { Stream } from "../../../../harness/random/index.ts";
import { toUint8 } from "../images.ts";
import { karrasLevels, resolutionShift, SIGMA_MAX } from "../schedules.ts";
import { type DenoiserSettings, denoiserOf, denoiserProgram } from "./denoiser.ts";
import { euler, eulerReleased } from "./euler.ts";
import { heun, heunReleased } from "./heun.ts";
import { oneStep } from "./one-step.ts";
import type { Solver } from "./solver.ts";

const SOLVERS = { heun, heunReleased, euler, eulerReleased } as const satisfies Record<string, Solver>;

export type SamplerChoice =
  | { readonly kind: keyof typeof SOLVERS; readonly steps: number }
  | { readonly kind: "oneStep" };

/** Shifted levels, noisiest first. */
export const samplingLevels = (choice: SamplerChoice, resolution: number): Float64Array =>
  (choice.kind === "oneStep" ? Float64Array.of(SIGMA_MAX) : karrasLevels(choice.steps)).map(
    (sigma) => sigma * resolutionShift(resolution),
  );

export const solverOf = (choice: SamplerChoice): Solver =>
  choice.kind === "oneStep" ? oneStep : SOLVERS[choice.kind];

/** A sampler of `settings.batchSize` images a call. Image k depends on its stream and label alone. */
export async function createSampler(
  choice: SamplerChoice,
  settings: DenoiserSettings,
  weights: Tensors,
  runtime: Runtime,
): Promise<Sampler> {
  const { shape, batchSize, normalisation, guidance } = settings;
  const network = await runtime.compile(denoiserProgram(settings), weights, "network");
  const levels = samplingLevels(choice, shape.resolution);
  return {
    batchSize,
    async sample(streams, labels) {
      const rows = Int32Array.from(labels, (label) => (label < 0 ? shape.classes : label));
      const denoise = denoiserOf(network, settings, rows);
      const start = drawStart(streams, 3 * shape.resolution ** 2, levels[0]!);
      return toUint8(await solverOf(choice)(denoise, start, levels), shape.resolution, normalisation);
    },
    description: {
      solver: choice.kind,
      steps: levels.length,
      target: settings.target,
      clamp: settings.clamp,
      normalisation,
      guidance: guidance !== null,
      ...(guidance && {
        guidanceScale: guidance.scale,
        guidanceLow: guidance.low,
        guidanceHigh: guidance.high,
      }),
    },
    dispose: () => network.dispose(),
  };
}

/** x_T = σ·N(0, 1), a stream an image. */
function drawStart(streams: readonly Stream[], size: number, sigma: number): Float32Array {
  const x = new Float32Array(streams.length * size);
  streams.forEach((stream, k) => {
    stream.fillNormal(x.subarray(k * size, (k + 1) * size));
  });
  for (let i = 0; i < x.length; i++) x[i] = x[i]! * sigma;
  return x;
}
