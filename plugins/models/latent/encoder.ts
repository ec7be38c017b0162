/** The autoencoder's encoder as a program, and how images reach it. */
import type { ImageSource } from "../../../harness/plugin.ts";
import { type Program, type Tensor, trace } from "../../../harness/program/index.ts";
import { type AutoencoderConfig, encode, posteriorOf } from "./autoencoder.ts";
import { toNetwork } from "./images.ts";

/** `images` [batch, 3, resolution, resolution] → `mean`, `logVariance` of their posteriors. */
export const encoderProgram = (config: AutoencoderConfig, batch: number, resolution: number): Program =>
  trace("vae-encoder", (p) => {
    const images = p.input("images", [batch, 3, resolution, resolution]);
    const { mean, logVariance } = posteriorOf(encode(p, images, config));
    p.output("mean", mean);
    p.output("logVariance", logVariance);
  });

/** [rows.length, 3, resolution, resolution]: row n + i of n images is image i mirrored. */
export async function rowImages(
  train: ImageSource,
  resolution: number,
  rows: readonly number[],
): Promise<Tensor> {
  const pixels = await train.images(rows.map((row) => row % train.length));
  return toNetwork(pixels, resolution, (i) => rows[i]! >= train.length);
}
