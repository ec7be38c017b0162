/** EPG's networks as other programs can use them. */
import type { ExportedNetwork, Task } from "../../../harness/plugin.ts";
import {
  add,
  broadcastTo,
  clip,
  constant,
  mul,
  type Program,
  reshape,
  trace,
  type Value,
} from "../../../harness/program/index.ts";
import { SIGMA_MAX, SIGMA_MIN } from "../solvers/levels.ts";
import { encoderProgram } from "./checkpoint.ts";
import { denoise, type Target } from "./denoising.ts";
import { channelScales, type Normalisation } from "./images.ts";
import type { NetworkShape } from "./network.ts";
import type { EpgOptions } from "./options.ts";
import { PRETRAINING } from "./pretraining.ts";
import { recipeFor } from "./recipes.ts";
import { resolutionShift, timeOf } from "./schedules.ts";
import { networkShape, projectorShape } from "./sizes.ts";
import { lastStage } from "./stages.ts";

/**
 * "denoiser", one call of the network; for a model of one step "generator", from noise to images, which comes first;
 * and the pre-trained "encoder" with its projector, where it is trained here.
 */
export function exported(
  options: EpgOptions,
  task: Task,
  batchSize: number,
): Readonly<Record<string, ExportedNetwork>> {
  const shape = networkShape(options.size, task);
  const { normalisation } = recipeFor(options);
  const target = options.objective === "diffusion" ? "x0" : "edm";
  const common = {
    stage: lastStage(options),
    role: "ema",
    conventions: conventionsOf(shape, normalisation),
  } as const;
  const generator = () => generatorProgram(shape, batchSize, normalisation, options.clamp);
  return {
    ...(options.objective === "consistency"
      ? { generator: { ...common, program: generator(), documentation: GENERATOR } }
      : {}),
    denoiser: { ...common, program: denoiserProgram(shape, target, batchSize), documentation: DENOISER },
    ...encoder(options, shape, batchSize, common.conventions),
  };
}

function encoder(
  { size, pretraining, weights }: EpgOptions,
  shape: NetworkShape,
  batchSize: number,
  conventions: ExportedNetwork["conventions"],
): Readonly<Record<string, ExportedNetwork>> {
  if (weights !== null || pretraining.share === 0) return {};
  return {
    encoder: {
      program: encoderProgram(shape, projectorShape(size), batchSize),
      stage: PRETRAINING,
      role: pretraining.weights === "target" ? "target" : "online",
      documentation: ENCODER,
      conventions,
    },
  };
}

const LABELS = "class of each image, int32; the number of classes (the last row of the table) is no class";

const DENOISER = {
  x: "noisy images x0 + sigma·noise, RGB, NCHW, x0 normalised (see metadata)",
  sigma: "noise level of each image: standard deviation of its noise, shifted (see metadata)",
  time: "250·ln(sigma), computed in double precision",
  labels: LABELS,
  denoised: "clean images as the network sees them in x, normalised, not clamped",
} as const;

const ENCODER = {
  x: "noisy images (x0 + sigma·noise)/√(sigma² + 0.25), RGB, NCHW, x0 normalised (see metadata)",
  time: "250·ln(sigma), computed in double precision",
  representation: "the class token after the last norm",
  projected: "the projector's output, its BatchNorm by its running statistics",
} as const;

const GENERATOR = {
  noise: "standard normal noise, NCHW",
  labels: LABELS,
  image: "RGB, NCHW, 0 to 1; a byte is trunc(255·image + 0.5)",
} as const;

function conventionsOf(shape: NetworkShape, normalisation: Normalisation): Record<string, string> {
  const shift = resolutionShift(shape.resolution);
  const numbers = (pick: "mean" | "deviation"): string =>
    channelScales(normalisation)
      .map((scale) => scale[pick])
      .join(", ");
  return {
    normalisation: `(value − mean)/deviation of values 0 to 1, RGB: mean ${numbers("mean")}, deviation ${numbers("deviation")}`,
    sigma: `${SIGMA_MIN} to ${SIGMA_MAX}, each times ${shift} (resolution/64, the shift): EDM's Karras levels, rho 7`,
    classes: `${shape.classes}; label ${shape.classes} is no class, as guidance needs it`,
  };
}

const imageShape = ({ resolution }: NetworkShape, batch: number): number[] => [
  batch,
  3,
  resolution,
  resolution,
];

const denoiserProgram = (shape: NetworkShape, target: Target, batch: number): Program =>
  trace("epg.denoiser", (p) => {
    const x = p.input("x", imageShape(shape, batch));
    const level = { sigma: p.input("sigma", [batch]), time: p.input("time", [batch]) };
    p.output("denoised", denoise(p, shape, target, x, level, p.input("labels", [batch], "int32")));
  });

/** One call at the noisiest level, clamped, as values from 0 to 1. */
const generatorProgram = (
  shape: NetworkShape,
  batch: number,
  normalisation: Normalisation,
  clamp: EpgOptions["clamp"],
): Program =>
  trace("epg.generator", (p) => {
    const sigma = SIGMA_MAX * resolutionShift(shape.resolution);
    const everywhere = (value: number): Value => broadcastTo(constant(value), [batch]);
    const level = { sigma: everywhere(sigma), time: everywhere(timeOf(sigma)) };
    const x = mul(p.input("noise", imageShape(shape, batch)), sigma);
    const labels = p.input("labels", [batch], "int32");
    const denoised = denoise(p, shape, "edm", x, level, labels);
    const clamped = clamp === "released" ? clip(denoised, -1, 1) : denoised;
    const scales = channelScales(normalisation);
    const channels = (pick: "mean" | "deviation"): Value =>
      reshape(
        constant({ dtype: "float32", shape: [3], data: Float32Array.from(scales, (scale) => scale[pick]) }),
        [1, 3, 1, 1],
      );
    // A channel's valid range is what 0 and 1 become: to clamp to it and to clamp here is one.
    p.output("image", clip(add(mul(clamped, channels("deviation")), channels("mean")), 0, 1));
  });
