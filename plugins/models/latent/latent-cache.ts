/** The training set encoded once: posteriors kept whole, so that every step draws its own latents from them. */
import { batchesOf } from "../../../harness/batches.ts";
import type { PreparationCost, StageContext } from "../../../harness/plugin.ts";
import { type Program, scalar, type Tensors, trace } from "../../../harness/program/index.ts";
import { type AutoencoderConfig, encode, posteriorOf } from "./autoencoder.ts";
import { toNetwork } from "./images.ts";

/** Images a call while encoding. */
const ENCODING_BATCH = 32;

/** `images` [batch, 3, resolution, resolution] → `mean`, `logVariance` of their posteriors. */
export const encoderProgram = (config: AutoencoderConfig, batch: number, resolution: number): Program =>
  trace("vae-encoder", (p) => {
    const images = p.input("images", [batch, 3, resolution, resolution]);
    const { mean, logVariance } = posteriorOf(encode(p, images, config));
    p.output("mean", mean);
    p.output("logVariance", logVariance);
  });

/** Images that `encodeTrainingSet` encodes, mirrored ones among them, and what that takes. */
export function encodingCost(
  config: AutoencoderConfig,
  resolution: number,
  trainingImages: number,
  flip: boolean,
): PreparationCost {
  const images = flip ? 2 * trainingImages : trainingImages;
  const calls = Math.ceil(images / ENCODING_BATCH);
  const { macs, flops } = encoderProgram(config, ENCODING_BATCH, resolution);
  return { images, macs: calls * macs, flops: calls * flops };
}

/**
 * `mean` and `logVariance` [n, C, h, w] of every training image, then (with `flip`) of every one mirrored, and
 * `scale`: 1/σ of all latents that could be drawn from them (latent diffusion's `scale_by_std`, there over one batch).
 */
export async function encodeTrainingSet(
  { train, runtime, previous, task: { resolution } }: StageContext,
  config: AutoencoderConfig,
  flip: boolean,
): Promise<Tensors> {
  const program = encoderProgram(config, ENCODING_BATCH, resolution);
  const executable = await runtime.compile(program, previous.VAE!, "encoder");
  const total = flip ? 2 * train.length : train.length;
  const shape = program.outputs.mean!.shape.with(0, total);
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  const mean = new Float32Array(total * size);
  const logVariance = new Float32Array(total * size);
  for (const { positions: rows, start, kept } of batchesOf(total, ENCODING_BATCH)) {
    const pixels = await train.images(rows.map((row) => row % train.length));
    const encoded = await executable.run({
      images: toNetwork(pixels, resolution, (i) => rows[i]! >= train.length),
    });
    mean.set(encoded.mean!.data.subarray(0, kept * size), start * size);
    logVariance.set(encoded.logVariance!.data.subarray(0, kept * size), start * size);
  }
  await executable.dispose();
  return {
    mean: { dtype: "float32", shape, data: mean },
    logVariance: { dtype: "float32", shape, data: logVariance },
    scale: scalar(1 / latentDeviation(mean, logVariance)),
  };
}

/** √(E[μ² + σ²] − E[μ]²) over all numbers. */
export function latentDeviation(mean: Float32Array, logVariance: Float32Array): number {
  let [first, second] = [0, 0];
  for (let i = 0; i < mean.length; i++) {
    first += mean[i]!;
    second += mean[i]! ** 2 + Math.exp(logVariance[i]!);
  }
  return Math.sqrt(second / mean.length - (first / mean.length) ** 2);
}
