/** Samples in chunks of a batch each, kept as they are made: what a process that was killed made is not made again. */
import { existsSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Batch } from "../batches.ts";
import { noTallies, sumOfTallies, type Tallies } from "../measure/counting.ts";
import { peakMemoryBytes } from "../measure/memory.ts";
import type { Sampler, Task } from "../plugin.ts";
import { type JobHost, type Sampling, type Spent, Stopped } from "./jobs.ts";
import type { OpenEntry } from "./open.ts";
import { sampleStreams } from "./seeds.ts";
import { readStored, store } from "./store.ts";

const imageBytes = ({ resolution }: Task): number => 3 * resolution ** 2;

const NOTHING_SPENT: Spent = {
  chunks: 0,
  tallies: noTallies(),
  wallSeconds: 0,
  peakMemoryBytes: 0,
};

const SPENT = "spent.json";
/** The same of a sampling that failed, the calls of the chunk that it did not finish among them. */
const FAILED = "failed.json";
const chunkFile = (start: number): string => `chunk-${start}.u8`;

interface Asked {
  readonly batches: readonly Batch[];
  /** Of all images of the entry. */
  readonly labels: Int32Array;
  /** Of this process, so far. */
  readonly tallies: Tallies;
}

/** Makes the chunks that are not there yet, each counted before the next begins; what a failure took is kept. */
export async function sampleAll(
  job: Sampling,
  host: JobHost,
  { backend, task }: Pick<OpenEntry, "backend" | "task">,
  sampler: Sampler,
  { batches, labels, tallies }: Asked,
): Promise<Spent> {
  const { folder } = job;
  const { batchSize } = sampler;
  const total = batches.reduce((sum, { kept }) => sum + kept, 0);
  await rm(join(folder, FAILED), { force: true });
  let spent = (await readStored<Spent>(folder, SPENT))?.value ?? NOTHING_SPENT;
  const before = spent.tallies;
  let done = 0;
  host.emit({ type: "began", done, total, unit: "images" });
  for (const [k, { positions, start, kept }] of batches.entries()) {
    if (host.stopping()) throw new Stopped(`stopped after ${done} of ${total} samples`);
    const file = join(folder, chunkFile(start));
    const isCounted = k < spent.chunks;
    if (!isCounted || !existsSync(file) || (await stat(file)).size !== batchSize * imageBytes(task)) {
      const began = host.now();
      const counted = (chunks: number): Spent => ({
        chunks,
        tallies: sumOfTallies(before, tallies),
        wallSeconds: spent.wallSeconds + (host.now() - began) / 1000,
        peakMemoryBytes: Math.max(spent.peakMemoryBytes, peakMemoryBytes(backend)),
      });
      try {
        await writeFileAtomic(file, Buffer.from(await makeChunk(sampler, job, positions, labels)));
      } catch (error) {
        await store(folder, counted(spent.chunks), [], FAILED);
        throw error;
      }
      spent = counted(spent.chunks + 1);
      await store(folder, spent, [], SPENT);
    }
    done += kept;
    host.emit({ type: "progress", done, total, unit: "images" });
  }
  return spent;
}

/** The images of all batches in order, one chunk in memory at a time, the padding of the last one left out. */
export async function* readChunks(
  folder: string,
  batches: readonly Batch[],
  task: Task,
): AsyncGenerator<Uint8Array> {
  for (const { start, kept } of batches) {
    const chunk = await readFile(join(folder, chunkFile(start)));
    yield chunk.subarray(0, kept * imageBytes(task));
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

/** Of a sampling that failed; of one whose process died, without the chunk that it was at. null: it made no call. */
export async function spentInVain(folder: string): Promise<Spent | null> {
  const stored = (await readStored<Spent>(folder, FAILED)) ?? (await readStored<Spent>(folder, SPENT));
  return stored?.value ?? null;
}

export async function removeChunks(folder: string): Promise<void> {
  const chunkFiles = (await readdir(folder)).filter((name) => /^chunk-\d+\.u8$/.test(name));
  for (const name of [...chunkFiles, SPENT]) await rm(join(folder, name), { force: true });
}
