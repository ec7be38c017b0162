/** The network as samplers call it. */
import type { Executable } from "../../../../harness/plugin.ts";
import { type Program, type Tensor, trace } from "../../../../harness/program/index.ts";
import { denoise, type Target } from "../denoising.ts";
import { channelRanges, type Normalisation } from "../images.ts";
import type { NetworkShape } from "../network.ts";
import { resolutionShift, timeOf } from "../schedules.ts";
import type { Denoiser } from "./solver.ts";

/** Guidance in a limited interval (Kynkäänniemi et al., arXiv:2404.07724): low < σ ≤ high, unshifted. */
interface Guidance {
  readonly scale: number;
  readonly low: number;
  readonly high: number;
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

/** x [batch, 3, H, H], sigma (shifted) and time [batch], labels int32 [batch] → `denoised`, not clamped. */
export const denoiserProgram = ({ shape, target, batchSize }: DenoiserSettings): Program =>
  trace("epg.denoiser", (p) => {
    const x = p.input("x", [batchSize, 3, shape.resolution, shape.resolution]);
    const level = { sigma: p.input("sigma", [batchSize]), time: p.input("time", [batchSize]) };
    p.output("denoised", denoise(p, shape, target, x, level, p.input("labels", [batchSize], "int32")));
  });

/**
 * Calls the network once a level, twice where guidance acts: uncond + scale·(cond − uncond), then clamped.
 * @param labels a row of the class table an image; the last row is "no class"
 */
export function denoiserOf(
  network: Executable,
  { shape, batchSize, normalisation, clamp, guidance }: DenoiserSettings,
  labels: Int32Array,
): Denoiser {
  const side = shape.resolution;
  const bounds = clamp === "released" ? RELEASED_BOUNDS : channelRanges(normalisation);
  const call = async (x: Float32Array, sigma: number, rows: Int32Array): Promise<Float32Array> => {
    const { denoised } = await network.run({
      x: { dtype: "float32", shape: [batchSize, 3, side, side], data: x },
      sigma: filled(batchSize, sigma),
      time: filled(batchSize, timeOf(sigma)),
      labels: { dtype: "int32", shape: [batchSize], data: rows },
    });
    return denoised!.data as Float32Array;
  };
  const unlabelled = new Int32Array(batchSize).fill(shape.classes);
  return async (x, sigma) => {
    const unshifted = sigma / resolutionShift(side);
    const guided = guidance && guidance.low < unshifted && unshifted <= guidance.high;
    const denoised = Float32Array.from(await call(x, sigma, labels));
    if (guided) {
      const free = await call(x, sigma, unlabelled);
      for (let i = 0; i < denoised.length; i++)
        denoised[i] = free[i]! + guidance.scale * (denoised[i]! - free[i]!);
    }
    limit(denoised, side * side, bounds);
    return denoised;
  };
}

const filled = (n: number, value: number): Tensor => ({
  dtype: "float32",
  shape: [n],
  data: new Float32Array(n).fill(value),
});

function limit(images: Float32Array, area: number, bounds: readonly (readonly [number, number])[]): void {
  for (let start = 0; start < images.length; start += area) {
    const [low, high] = bounds[(start / area) % 3]!;
    for (let i = start; i < start + area; i++) images[i] = Math.min(high, Math.max(low, images[i]!));
  }
}
