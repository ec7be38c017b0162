/** The network as samplers call it. */
import type { Executable } from "../../../../harness/plugin.ts";
import { type Program, type Tensor, type Tensors, trace } from "../../../../harness/program/index.ts";
import { acts, type GuidanceInterval, guide } from "../../solvers/guidance-interval.ts";
import { timeOf } from "../../solvers/levels.ts";
import { channelRanges, limit } from "../../solvers/pixels.ts";
import type { Denoiser, Pixels } from "../../solvers/solver.ts";
import { denoise, type Target } from "../denoising.ts";
import { channelScales, type Normalisation } from "../images.ts";
import type { NetworkShape } from "../network.ts";
import { resolutionShift } from "../schedules.ts";

/** In an interval of unshifted σ. */
export interface Guidance extends GuidanceInterval {
  readonly scale: number;
  /** Autoguidance's network; null: the worse answer is the network's own without a label. */
  readonly poor: { readonly shape: NetworkShape; readonly weights: Tensors } | null;
}

/** Bounds of denoised images: "range", the valid values of each channel; "released", [−1, 1] whatever the normalisation. */
type Clamp = "range" | "released";

const RELEASED_BOUNDS = [
  [-1, 1],
  [-1, 1],
  [-1, 1],
] as const;

export interface DenoiserSettings {
  readonly shape: NetworkShape;
  readonly target: Target;
  readonly batchSize: number;
  readonly normalisation: Normalisation;
  readonly clamp: Clamp;
  readonly guidance: Guidance | null;
}

type DenoiserShape = Pick<DenoiserSettings, "shape" | "target" | "batchSize">;

/** x [batch, 3, H, H], sigma (shifted) and time [batch], labels int32 [batch] → `denoised`, not clamped. */
export const denoiserProgram = ({ shape, target, batchSize }: DenoiserShape): Program =>
  trace("epg.denoiser", (p) => {
    const x = p.input("x", [batchSize, 3, shape.resolution, shape.resolution]);
    const level = { sigma: p.input("sigma", [batchSize]), time: p.input("time", [batchSize]) };
    p.output("denoised", denoise(p, shape, target, x, level, p.input("labels", [batchSize], "int32")));
  });

/** What answers, and autoguidance's poor network. */
export interface Networks {
  readonly network: Executable;
  readonly poor: Executable | null;
}

/**
 * Calls the network once a level, and once more (or the poor one) where guidance acts; then clamps.
 * @param labels a row of the class table an image; the last row is "no class"
 */
export function denoiserOf(
  { network, poor }: Networks,
  { shape, batchSize, normalisation, clamp, guidance }: DenoiserSettings,
  labels: Int32Array,
): Denoiser {
  const side = shape.resolution;
  const shift = resolutionShift(side);
  const bounds = clamp === "released" ? RELEASED_BOUNDS : channelRanges(channelScales(normalisation));
  const unlabelled = new Int32Array(batchSize).fill(shape.classes);
  const call = async (of: Executable, x: Pixels, sigma: number, rows: Int32Array): Promise<Pixels> => {
    const { denoised } = await of.run({
      x: { dtype: "float32", shape: [batchSize, 3, side, side], data: x },
      sigma: filled(batchSize, sigma),
      time: filled(batchSize, timeOf(sigma)),
      labels: { dtype: "int32", shape: [batchSize], data: rows },
    });
    return denoised!.data as Pixels;
  };
  return async (x, sigma) => {
    const denoised = await call(network, x, sigma, labels);
    if (guidance && acts(guidance, sigma / shift)) {
      const worse = await (poor ? call(poor, x, sigma, labels) : call(network, x, sigma, unlabelled));
      guide(denoised, worse, guidance.scale);
    }
    limit(denoised, side * side, bounds);
    return denoised;
  };
}

const filled = (n: number, value: number): Tensor => ({
  dtype: "float32",
  shape: [n],
  data: new Float64Array(n).fill(value),
});
