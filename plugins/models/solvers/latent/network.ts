/** The network as samplers call it. */
import type { Executable } from "../../../../harness/plugin.ts";
import type { Tensor } from "../../../../harness/program/index.ts";
import { acts, type GuidanceInterval } from "../guidance-interval.ts";
import type { Pixels } from "../solver.ts";
import { guide } from "./denoise.ts";

/** Classifier-free guidance (Ho & Salimans, arXiv:2207.12598), within an interval of σ, clean latents having weight 1. */
export interface Guidance extends GuidanceInterval {
  /** 1: no guidance, and no unconditional calls. */
  readonly scale: number;
  /** How many of the latent's channels are guided; the released DiT guides the first 3 of 4. */
  readonly channels: number;
}

/** Of the latents, and of what the network answers. */
export interface LatentShape {
  readonly latentChannels: number;
  readonly outputChannels: number;
  readonly side: number;
  /** The label after the last is no class. */
  readonly classes: number;
}

/** Latents of a batch and the time the network is told, one for all or one an image → its output, guided. */
export type Network = (x: Pixels, t: number | Float64Array) => Promise<Pixels>;

/**
 * The network, called once more, without labels, where guidance acts on any image of the batch.
 * @param sigmaAt the noise level that a time stands for
 * @param labels a class an image; below 0: none
 */
export function guidedNetwork(
  network: Pick<Executable, "run">,
  { latentChannels, outputChannels, side, classes }: LatentShape,
  guidance: Guidance,
  sigmaAt: (t: number) => number,
  labels: readonly number[],
): Network {
  const shape = [labels.length, latentChannels, side, side];
  const rows = labelsOf(labels.map((label) => (label < 0 ? classes : label)));
  const nulls = labelsOf(labels.map(() => classes));
  return async (data, t) => {
    const times = typeof t === "number" ? new Float64Array(labels.length).fill(t) : t;
    const call = async (of: Tensor): Promise<Pixels> => {
      const time: Tensor = { dtype: "float32", shape: [labels.length], data: times };
      const { out } = await network.run({ x: { dtype: "float32", shape, data }, t: time, labels: of });
      return out!.data as Pixels;
    };
    const conditional = await call(rows);
    const acting = Array.from(times, (time) => guidance.scale !== 1 && acts(guidance, sigmaAt(time)));
    if (!acting.includes(true)) return conditional;
    const { scale, channels } = guidance;
    const guided = guide(conditional, await call(nulls), scale, channels, outputChannels, side * side);
    const size = guided.length / labels.length;
    acting.forEach((acted, i) => {
      if (!acted) guided.set(conditional.subarray(i * size, (i + 1) * size), i * size);
    });
    return guided;
  };
}

const labelsOf = (values: readonly number[]): Tensor => ({
  dtype: "int32",
  shape: [values.length],
  data: Int32Array.from(values),
});

/** The first `size` numbers of each image's output: without what is predicted beside them. */
export function firstOf(output: Pixels, size: number, images: number): Pixels {
  if (output.length === size * images) return output;
  const each = output.length / images;
  const first = output.slice(0, size * images);
  for (let i = 1; i < images; i++) first.set(output.subarray(i * each, i * each + size), i * size);
  return first;
}
