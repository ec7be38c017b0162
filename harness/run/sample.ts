/** Sampling one entry, or a shard's part of its images, in contiguous chunks of seeds that are kept as they are made. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { type Batch, batchesOf } from "../batches.ts";
import { writeAdmSamples } from "../formats/npz.ts";
import { countingRuntime, noTallies, sumOfTallies, type Tallies } from "../measure/counting.ts";
import { peakMemoryBytes } from "../measure/memory.ts";
import type { Sampler, Task } from "../plugin.ts";
import {
  type JobHost,
  type SampleJob,
  type SampleResult,
  type ShareJob,
  type ShareResult,
  type Spent,
  Stopped,
} from "./jobs.ts";
import { labelsOf } from "./labels.ts";
import { type MadeElsewhere, madeElsewhere, NOTHING_TOLD } from "./made-elsewhere.ts";
import { openMadeImages } from "./made-images.ts";
import { type OpenEntry, openEntry } from "./open.ts";
import { requireSameFiles } from "./origin.ts";
import { weightsFrom } from "./pretrained.ts";
import { countedCost, toldCost } from "./sampling-cost.ts";
import { sampleStreams } from "./seeds.ts";
import { batchesOfShard, type Shard, WHOLE } from "./shard.ts";
import { readStored, store } from "./store.ts";
import { untrainedWeights } from "./untrained.ts";

const imageBytes = ({ resolution }: Task): number => 3 * resolution ** 2;

export const SAMPLES = "samples.npz";

type Sampling = Omit<SampleJob, "kind">;

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
    // From the chunks, one by one: fifty thousand images of 256 pixels are ten gigabytes.
    const images = chunks(folder, batches, imageBytes(task));
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

const NOTHING_SPENT: Spent = {
  chunks: 0,
  tallies: noTallies(),
  wallSeconds: 0,
  peakMemoryBytes: 0,
};

const SPENT = "spent.json";
const chunkFile = (start: number): string => `chunk-${start}.u8`;

interface Asked {
  readonly batches: readonly Batch[];
  /** Of all images of the entry. */
  readonly labels: Int32Array;
  /** Of this process, so far. */
  readonly tallies: Tallies;
}

/** Makes the chunks that are not there yet, each counted before the next begins. */
async function sampleAll(
  job: Sampling,
  host: JobHost,
  { backend, task }: Pick<OpenEntry, "backend" | "task">,
  sampler: Sampler,
  { batches, labels, tallies }: Asked,
): Promise<Spent> {
  const { folder } = job;
  const { batchSize } = sampler;
  const total = batches.reduce((sum, { kept }) => sum + kept, 0);
  let spent = (await readStored<Spent>(folder, SPENT))?.value ?? NOTHING_SPENT;
  const before = spent.tallies;
  let done = 0;
  for (const [k, { positions, start, kept }] of batches.entries()) {
    if (host.stopping()) throw new Stopped(`stopped after ${done} of ${total} samples`);
    const file = join(folder, chunkFile(start));
    const counted = k < spent.chunks;
    if (!counted || !existsSync(file) || (await stat(file)).size !== batchSize * imageBytes(task)) {
      const began = host.now();
      await writeFileAtomic(file, Buffer.from(await makeChunk(sampler, job, positions, labels)));
      spent = {
        chunks: spent.chunks + 1,
        tallies: sumOfTallies(before, tallies),
        wallSeconds: spent.wallSeconds + (host.now() - began) / 1000,
        peakMemoryBytes: Math.max(spent.peakMemoryBytes, peakMemoryBytes(backend)),
      };
      await store(folder, spent, [], SPENT);
    }
    done += kept;
    host.emit({ type: "progress", done, total, unit: "images" });
  }
  return spent;
}

/** The images of all batches in order, the padding of the last chunk left out. */
async function* chunks(folder: string, batches: readonly Batch[], bytes: number): AsyncGenerator<Uint8Array> {
  for (const { start, kept } of batches) {
    const chunk = await readFile(join(folder, chunkFile(start)));
    yield chunk.subarray(0, kept * bytes);
  }
}

const makeChunk = (
  sampler: Sampler,
  { config, purpose }: Sampling,
  positions: readonly number[],
  labels: Int32Array,
): Promise<Uint8Array> =>
  sampler.sample(
    positions.map((k) => sampleStreams(config.seed, k, k + 1, purpose)[0]!),
    positions.map((k) => labels[k]!),
  );

async function removeChunks(folder: string): Promise<void> {
  const chunkFiles = (await readdir(folder)).filter((name) => /^chunk-\d+\.u8$/.test(name));
  for (const name of [...chunkFiles, SPENT]) await rm(join(folder, name), { force: true });
}
