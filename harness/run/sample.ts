/** Sampling one entry, in contiguous chunks of seeds that are kept as they are made. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { batchesOf } from "../batches.ts";
import { writeAdmSamples } from "../formats/npz.ts";
import { countingRuntime, noTallies, sumOfTallies, type Tallies } from "../measure/counting.ts";
import { peakMemoryBytes } from "../measure/memory.ts";
import type { Sampler, Task } from "../plugin.ts";
import { type JobHost, type SampleJob, type SampleResult, Stopped } from "./jobs.ts";
import { labelsOf } from "./labels.ts";
import { type MadeElsewhere, madeElsewhere, NOTHING_TOLD } from "./made-elsewhere.ts";
import { openMadeImages } from "./made-images.ts";
import { type OpenEntry, openEntry } from "./open.ts";
import { requireSameFiles } from "./origin.ts";
import { weightsFrom } from "./pretrained.ts";
import { countedCost, toldCost } from "./sampling-cost.ts";
import { sampleStreams } from "./seeds.ts";
import { readStored, store } from "./store.ts";
import { untrainedWeights } from "./untrained.ts";

const imageBytes = ({ resolution }: Task): number => 3 * resolution ** 2;

export const SAMPLES = "samples.npz";

/** Leaves `samples.npz` (ADM layout) in the job's folder. */
export async function sample(job: SampleJob, host: JobHost): Promise<SampleResult> {
  await mkdir(job.folder, { recursive: true });
  const opened = await openEntry(job);
  const made = await madeElsewhere(job.config, opened.model, opened.options, opened.task);
  requireSameFiles(job.identity, made.identity);
  const result = made.images === null ? await draw(job, host, opened, made) : await take(job, opened, made);
  await store(job.folder, result, [SAMPLES]);
  if (made.images === null) await removeChunks(job.folder, result.n, result.batchSize);
  return result;
}

async function draw(
  job: SampleJob,
  host: JobHost,
  opened: OpenEntry,
  { elsewhere }: MadeElsewhere,
): Promise<SampleResult> {
  const { config, folder, samples: n } = job;
  const { model, options, dataset, task } = opened;
  const runtime = countingRuntime(opened.backend);
  const weights = await (job.untrained ? untrainedWeights(job, opened) : weightsFrom(job, opened));
  const batchSize = Math.min(model.samplingBatchSize(options, task), n);
  const sampler = await model.sampler(options, task, weights, runtime, batchSize, config);
  try {
    const labels = labelsOf(config, dataset, n);
    const {
      chunks: made,
      tallies,
      ...spent
    } = await sampleAll(job, host, opened, sampler, labels, runtime.tallies);
    const shape = [n, task.resolution, task.resolution, 3] as const;
    // From the chunks, one by one: fifty thousand images of 256 pixels are ten gigabytes.
    await writeAdmSamples(
      join(folder, SAMPLES),
      chunks(folder, n, batchSize, imageBytes(task)),
      shape,
      labels,
    );
    const common = { n, resolution: task.resolution, description: sampler.description, batchSize };
    if (elsewhere === null) return { ...common, ...countedCost(tallies, made, batchSize), ...spent };
    const told = toldCost({ ...elsewhere, calls: sampler.calls?.() ?? elsewhere.calls });
    return {
      ...common,
      ...told,
      ...spent,
      peakMemoryBytes: elsewhere.ownProcess ? null : spent.peakMemoryBytes,
    };
  } finally {
    await sampler.dispose();
  }
}

/** Images that exist already. */
async function take(
  { folder, samples: n }: SampleJob,
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

/** What all chunks took so far, in whatever processes they were made. */
interface Spent {
  /** Chunks made; a file beyond them was written by a process that was killed before it counted. */
  readonly chunks: number;
  readonly tallies: Tallies;
  readonly wallSeconds: number;
  readonly peakMemoryBytes: number;
}

const NOTHING_SPENT: Spent = {
  chunks: 0,
  tallies: noTallies(),
  wallSeconds: 0,
  peakMemoryBytes: 0,
};

const SPENT = "spent.json";
const chunkFile = (start: number): string => `chunk-${start}.u8`;

/** Makes the chunks that are not there yet, each counted before the next begins. */
async function sampleAll(
  job: SampleJob,
  host: JobHost,
  { backend, task }: Pick<OpenEntry, "backend" | "task">,
  sampler: Sampler,
  labels: Int32Array,
  tallies: Tallies,
): Promise<Spent> {
  const bytes = imageBytes(task);
  const { folder, samples: n } = job;
  const { batchSize } = sampler;
  let spent = (await readStored<Spent>(folder, SPENT))?.value ?? NOTHING_SPENT;
  const before = spent.tallies;
  for (const { positions, start, kept } of batchesOf(n, batchSize)) {
    if (host.stopping()) throw new Stopped(`stopped after ${start} of ${n} samples`);
    const file = join(folder, chunkFile(start));
    const counted = start < spent.chunks * batchSize;
    if (!counted || !existsSync(file) || (await stat(file)).size !== batchSize * bytes) {
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
    host.emit({ type: "progress", done: start + kept, total: n, unit: "images" });
  }
  return spent;
}

/** All images in order, the padding of the last chunk left out. */
async function* chunks(folder: string, n: number, size: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (const { start, kept } of batchesOf(n, size)) {
    const chunk = await readFile(join(folder, chunkFile(start)));
    yield chunk.subarray(0, kept * bytes);
  }
}

const makeChunk = (
  sampler: Sampler,
  { config, purpose }: SampleJob,
  positions: readonly number[],
  labels: Int32Array,
): Promise<Uint8Array> =>
  sampler.sample(
    positions.map((k) => sampleStreams(config.seed, k, k + 1, purpose)[0]!),
    positions.map((k) => labels[k]!),
  );

async function removeChunks(folder: string, n: number, size: number): Promise<void> {
  for (const { start } of batchesOf(n, size)) await rm(join(folder, chunkFile(start)), { force: true });
  await rm(join(folder, SPENT), { force: true });
}
