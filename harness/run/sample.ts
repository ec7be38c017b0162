/** Sampling one entry, or a shard's part of its images, in contiguous chunks of seeds that are kept as they are made. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Batch, batchesOf } from "../batches.ts";
import { writeAdmSamples } from "../formats/npz.ts";
import { countingRuntime } from "../measure/counting.ts";
import { readChunks, removeChunks, sampleAll } from "./chunks.ts";
import type { JobHost, SampleJob, SampleResult, Sampling, ShareJob, ShareResult } from "./jobs.ts";
import { labelsOf } from "./labels.ts";
import { type MadeElsewhere, madeElsewhere, NOTHING_TOLD } from "./made-elsewhere.ts";
import { openMadeImages } from "./made-images.ts";
import { type OpenEntry, openEntry } from "./open.ts";
import { requireSameFiles } from "./origin.ts";
import { weightsFrom } from "./pretrained.ts";
import { countedCost, toldCost } from "./sampling-cost.ts";
import { batchesOfShard, type Shard, WHOLE } from "./shard.ts";
import { store } from "./store.ts";
import { untrainedWeights } from "./untrained.ts";

export const SAMPLES = "samples.npz";

/** Leaves `samples.npz` (ADM layout) in the job's folder. */
export async function sample(job: SampleJob, host: JobHost): Promise<SampleResult> {
  const { opened, made } = await openSampling(job);
  if (made.images !== null) {
    const taken = await take(job, opened, made);
    await store(job.folder, taken, [SAMPLES]);
    return taken;
  }
  const { sampled } = await draw(job, host, opened, made, WHOLE);
  await store(job.folder, sampled, [SAMPLES]);
  await removeChunks(job.folder);
  return sampled;
}

/** Leaves `samples.npz` of the shard's images alone, the bits that `sample` gives them. */
export async function share(job: ShareJob, host: JobHost): Promise<ShareResult> {
  const { opened, made } = await openSampling(job);
  const drawn = await draw(job, host, opened, made, job.shard);
  await store(job.folder, drawn, [SAMPLES]);
  await removeChunks(job.folder);
  return drawn;
}

async function openSampling(job: Sampling): Promise<{ opened: OpenEntry; made: MadeElsewhere }> {
  await mkdir(job.folder, { recursive: true });
  const opened = await openEntry(job);
  const made = await madeElsewhere(job.config, opened.model, opened.options, opened.task);
  requireSameFiles(job.identity, made.identity);
  return { opened, made };
}

async function draw(
  job: Sampling,
  host: JobHost,
  opened: OpenEntry,
  { elsewhere }: MadeElsewhere,
  shard: Shard,
): Promise<ShareResult> {
  const { config, folder } = job;
  const { model, options, dataset, task } = opened;
  const runtime = countingRuntime(opened.backend);
  const weights = await (job.untrained ? untrainedWeights(job, opened) : weightsFrom(job, opened));
  const batchSize = Math.min(model.samplingBatchSize(options, task), job.samples);
  const sampler = await model.sampler(options, task, weights, runtime, batchSize, config);
  try {
    const batches = batchesOfShard([...batchesOf(job.samples, batchSize)], shard);
    const labels = labelsOf(config, dataset, job.samples);
    const spent = await sampleAll(job, host, opened, sampler, { batches, labels, tallies: runtime.tallies });
    const n = batches.reduce((sum, { kept }) => sum + kept, 0);
    const [{ start }] = batches as [Batch];
    const shape = [n, task.resolution, task.resolution, 3] as const;
    // Fifty thousand images of 256 pixels are ten gigabytes.
    const images = readChunks(folder, batches, task);
    await writeAdmSamples(join(folder, SAMPLES), images, shape, labels.slice(start, start + n));
    const { tallies, chunks: made, ...time } = spent;
    const common = { n, resolution: task.resolution, description: sampler.description, batchSize, ...time };
    if (elsewhere === null)
      return { sampled: { ...common, ...countedCost(tallies, made, batchSize) }, spent };
    const told = toldCost({ ...elsewhere, calls: sampler.calls?.() ?? elsewhere.calls });
    const peakMemoryBytes = elsewhere.ownProcess ? null : time.peakMemoryBytes;
    return { sampled: { ...common, ...told, peakMemoryBytes }, spent };
  } finally {
    await sampler.dispose();
  }
}

/** Images that exist already. */
async function take(
  { folder, samples: n }: Sampling,
  { task, dataset }: OpenEntry,
  { images: path, elsewhere }: MadeElsewhere,
): Promise<SampleResult> {
  const { resolution: side } = task;
  const found = await openMadeImages(path!, n, task, dataset);
  try {
    await writeAdmSamples(join(folder, SAMPLES), found.images(), [n, side, side, 3], found.labels);
  } finally {
    await found.close();
  }
  return {
    n,
    resolution: side,
    ...toldCost(elsewhere ?? NOTHING_TOLD),
    description: found.description,
    batchSize: n,
    wallSeconds: null,
    peakMemoryBytes: null,
  };
}
