/** A sampler over trained weights. */
import type { Runtime, Sampler } from "../../../../harness/plugin.ts";
import type { Tensors } from "../../../../harness/program/index.ts";
import { type SamplerChoice, samplingLevels, solverOf } from "../../solvers/choice.ts";
import { drawNormals } from "../../solvers/noise.ts";
import { toUint8 } from "../../solvers/pixels.ts";
import { channelScales } from "../images.ts";
import { resolutionShift } from "../schedules.ts";
import { type DenoiserSettings, denoiserOf, denoiserProgram, type Guidance } from "./denoiser.ts";

/** A sampler of `settings.batchSize` images a call. Image k depends on its stream and label alone. */
export async function createSampler(
  choice: SamplerChoice,
  settings: DenoiserSettings,
  weights: Tensors,
  runtime: Runtime,
): Promise<Sampler> {
  const { shape, batchSize, normalisation, guidance } = settings;
  const shift = resolutionShift(shape.resolution);
  const levels = samplingLevels(choice, shift);
  const solve = solverOf(choice, shift);
  const size = 3 * shape.resolution ** 2;
  const network = await runtime.compile(denoiserProgram(settings), weights, "network");
  const poor = guidance?.poor
    ? await runtime.compile(
        denoiserProgram({ ...settings, shape: guidance.poor.shape }),
        guidance.poor.weights,
        "network",
      )
    : null;
  return {
    batchSize,
    async sample(streams, labels) {
      const rows = Int32Array.from(labels, (label) => (label < 0 ? shape.classes : label));
      const start = drawNormals(streams, size);
      for (let i = 0; i < start.length; i++) start[i] = start[i]! * levels[0]!;
      const noise = (step: number) =>
        drawNormals(
          streams.map((stream) => stream.stream("noise", step)),
          size,
        );
      const denoise = denoiserOf({ network, poor }, settings, rows);
      const x = await solve(denoise, start, levels, noise);
      return toUint8(x, shape.resolution, channelScales(normalisation));
    },
    description: {
      ...described(choice),
      sigmaShift: shift,
      target: settings.target,
      clamp: settings.clamp,
      normalisation,
      ...guidanceDescribed(guidance),
    },
    async dispose() {
      await network.dispose();
      await poor?.dispose();
    },
  };
}

const described = ({ kind: solver, ...settings }: SamplerChoice) => ({ solver, steps: 1, ...settings });

const guidanceDescribed = (guidance: Guidance | null) =>
  guidance === null
    ? { guidance: "none" }
    : {
        guidance: guidance.poor ? "autoguidance" : "classifier-free",
        guidanceScale: guidance.scale,
        guidanceLow: guidance.low,
        guidanceHigh: guidance.high ?? "none",
      };
