/** Held-out images through a model's autoencoder. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { batchesOf } from "../batches.ts";
import { writeAdmSamples } from "../formats/npz.ts";
import { peakSignalToNoise, SSIM_WINDOW, structuralSimilarity } from "../metrics/index.ts";
import type { ImageSource, Reconstructor } from "../plugin.ts";
import type { JobHost, ReconstructJob, ReconstructResult } from "./jobs.ts";
import { firstLabels } from "./labels.ts";
import { openEntry } from "./open.ts";
import { weightsFrom } from "./pretrained.ts";
import { SAMPLES } from "./sample.ts";
import { store } from "./store.ts";

/** Images, and what became of them: uint8 [few, side, side, 3] each. */
export interface Reconstructed {
  readonly real: Uint8Array;
  readonly made: Uint8Array;
}

/**
 * The first `n` images of `source`, from the start again where it has fewer, encoded and decoded batch by batch.
 * The last batch is padded by its last image; its padding is dropped.
 */
export async function* reconstructed(
  reconstructor: Pick<Reconstructor, "batchSize" | "reconstruct">,
  source: ImageSource,
  n: number,
): AsyncGenerator<Reconstructed> {
  const { batchSize } = reconstructor;
  for (const { positions, kept } of batchesOf(n, batchSize)) {
    const real = await source.images(positions.map((k) => k % source.length));
    const made = await reconstructor.reconstruct(real);
    const bytes = (real.length / batchSize) * kept;
    yield { real: real.subarray(0, bytes), made: made.subarray(0, bytes) };
  }
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

export async function reconstruct(job: ReconstructJob, host: JobHost): Promise<ReconstructResult> {
  const { config, folder } = job;
  const opened = await openEntry(job);
  const { model, options, dataset, task, backend } = opened;
  if (!model.reconstructor) throw new Error(`model ${model.name} has no autoencoder`);
  const source = dataset.heldOut;
  const n = Math.min(source.length, config.samples);
  const reconstructor = await model.reconstructor(options, task, await weightsFrom(job, opened), backend);
  const { judge } = reconstructor;
  const side = task.resolution;
  const bytes = 3 * side ** 2;
  let done = 0;
  let decibels = 0;
  let similarity = 0;
  let distance = 0;
  async function* images(): AsyncGenerator<Uint8Array> {
    for await (const { real, made } of reconstructed(reconstructor, source, n)) {
      const count = made.length / bytes;
      decibels += peakSignalToNoise(made, real, bytes) * count;
      if (side >= SSIM_WINDOW) similarity += structuralSimilarity(made, real, side) * count;
      if (judge) distance += sum(await judge.distances(real, made));
      done += count;
      host.emit({ type: "progress", done, total: n, unit: "images" });
      yield made;
    }
  }
  await mkdir(folder, { recursive: true });
  const labels = firstLabels(source, n);
  const shape = [n, side, side, 3] as const;
  await writeAdmSamples(join(folder, SAMPLES), images(), shape, labels);
  await reconstructor.dispose();
  const result = {
    n,
    psnr: decibels / n,
    ssim: side < SSIM_WINDOW ? null : similarity / n,
    distance: judge ? { metric: judge.metric, convention: judge.convention, value: distance / n } : null,
  };
  await store(folder, result, [SAMPLES]);
  return result;
}
