/** Held-out images through a model's autoencoder. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAdmSamples } from "../formats/npz.ts";
import { peakSignalToNoise, SSIM_WINDOW, structuralSimilarity } from "../metrics/index.ts";
import type { ImageSource, Reconstructor } from "../plugin.ts";
import { inBatches } from "./batches.ts";
import type { JobHost, ReconstructJob, ReconstructResult } from "./jobs.ts";
import { openEntry } from "./open.ts";
import { weightsFrom } from "./pretrained.ts";
import { SAMPLES } from "./sample.ts";
import { store } from "./store.ts";

/** The first `n` images of `source`, encoded and decoded. */
export async function reconstructed(
  reconstructor: Reconstructor,
  source: ImageSource,
  n: number,
  progress: (done: number) => void = () => {},
): Promise<Uint8Array> {
  const bytes = (await source.images([0])).length;
  return inBatches(n, reconstructor.batchSize, new Uint8Array(n * bytes), async (positions, done) => {
    progress(done);
    return reconstructor.reconstruct(await source.images(positions.map((k) => k % source.length)));
  });
}

export async function reconstruct(job: ReconstructJob, host: JobHost): Promise<ReconstructResult> {
  const { config, folder } = job;
  const opened = await openEntry(job);
  const { model, options, dataset, task, backend } = opened;
  if (!model.reconstructor) throw new Error(`model ${model.name} has no autoencoder`);
  const source = dataset.heldOut;
  const n = Math.min(source.length, config.samples);
  const reconstructor = await model.reconstructor(options, task, await weightsFrom(job, opened), backend);
  const images = await reconstructed(reconstructor, source, n, (done) =>
    host.emit({ type: "progress", done, total: n, unit: "images" }),
  );
  await reconstructor.dispose();

  const side = task.resolution;
  const real = await source.images(Array.from({ length: n }, (_, k) => k));
  await mkdir(folder, { recursive: true });
  const labels = Int32Array.from({ length: n }, (_, k) => source.label(k));
  await writeAdmSamples(join(folder, SAMPLES), images, [n, side, side, 3], labels);
  const psnr = peakSignalToNoise(images, real, real.length / n);
  const ssim = side < SSIM_WINDOW ? null : structuralSimilarity(images, real, side);
  const result = { n, psnr, ssim };
  await store(folder, result, [SAMPLES]);
  return result;
}
