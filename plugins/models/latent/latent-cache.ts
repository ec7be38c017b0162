/** The training set encoded once: posteriors kept whole, so that every step draws its own latents from them. */
import { batchesOf } from "../../../harness/batches.ts";
import type { StageContext } from "../../../harness/plugin.ts";
import { scalar, type Tensor, type Tensors } from "../../../harness/program/index.ts";
import { encoderProgram, rowImages } from "./encoder.ts";
import type { Encoding, LatentSource } from "./latent-source.ts";

/** Images a call while encoding. */
const ENCODING_BATCH = 32;

/** Of a step, as its inputs `mean` and `logVariance`. */
export const givenPosterior: LatentSource["posterior"] = (p, batch, { latentChannels, side }) => {
  const shape = [batch, latentChannels, side, side];
  return { mean: p.input("mean", shape), logVariance: p.input("logVariance", shape) };
};

/** Rows of what `prepare` made. */
export const cachedLatents = (encoding: Encoding): LatentSource => ({
  posterior: givenPosterior,
  inputs: async (_, prepared, rows) => ({
    mean: rowsOf(prepared.mean!, rows),
    logVariance: rowsOf(prepared.logVariance!, rows),
  }),
  start: () => ({}),
  prepare: (context) => {
    const images = imagesOf(encoding, context.train.length);
    return encodeRows(
      context,
      encoding,
      Array.from({ length: images }, (_, row) => row),
    );
  },
  preparationCost: (trainingImages) => ({
    what: "encoding the data set",
    ...encodingCost(encoding, imagesOf(encoding, trainingImages)),
  }),
});

/** Training images, mirrored ones counted apart. */
const imagesOf = ({ flip }: Encoding, trainingImages: number): number =>
  flip ? 2 * trainingImages : trainingImages;

/** What `encodeRows` takes: its last batch is filled up. */
export function encodingCost({ autoencoder, resolution }: Encoding, images: number) {
  const calls = Math.ceil(images / ENCODING_BATCH);
  const { macs, flops } = encoderProgram(autoencoder, ENCODING_BATCH, resolution);
  return { images, batchSize: ENCODING_BATCH, macs: calls * macs, flops: calls * flops };
}

/**
 * `mean` and `logVariance` [rows.length, C, h, w] of these rows, and `scale`: 1/σ of all latents that could be drawn
 * from them (latent diffusion's `scale_by_std`, there over one batch).
 */
export async function encodeRows(
  { train, runtime, previous }: StageContext,
  { autoencoder, resolution }: Encoding,
  rows: readonly number[],
): Promise<Tensors> {
  const program = encoderProgram(autoencoder, ENCODING_BATCH, resolution);
  const executable = await runtime.compile(program, previous.VAE!, "encoder");
  const shape = program.outputs.mean!.shape.with(0, rows.length);
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  const mean = new Float32Array(rows.length * size);
  const logVariance = new Float32Array(rows.length * size);
  for (const { positions, start, kept } of batchesOf(rows.length, ENCODING_BATCH)) {
    const encoded = await executable.run({
      images: await rowImages(
        train,
        resolution,
        positions.map((position) => rows[position]!),
      ),
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

function rowsOf({ dtype, shape, data }: Tensor, rows: readonly number[]): Tensor {
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  const picked = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    picked.set(data.subarray(row * size, (row + 1) * size), i * size);
  });
  return { dtype, shape: shape.with(0, rows.length), data: picked };
}
