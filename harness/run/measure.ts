/** How fast an entry samples on this machine, now: timings never come from the cache. */
import { mkdir } from "node:fs/promises";
import { timed } from "../measure/throughput.ts";
import type { Sampler } from "../plugin.ts";
import type { JobHost, MeasureJob, MeasureResult } from "./jobs.ts";
import { labelsOf } from "./labels.ts";
import { openEntry } from "./open.ts";
import { weightsFrom } from "./pretrained.ts";
import { sampleStreams } from "./seeds.ts";
import { store } from "./store.ts";

const USUAL = { rounds: 5, milliseconds: 1000, largestBatch: Number.POSITIVE_INFINITY };
const BRIEF = { rounds: 3, milliseconds: 300, largestBatch: Number.POSITIVE_INFINITY };
const QUICK = { ...BRIEF, largestBatch: 8 };

export async function measure(job: MeasureJob, host: JobHost): Promise<MeasureResult> {
  const { config } = job;
  const opened = await openEntry(job);
  const { model, options, dataset, task, backend: runtime } = opened;
  const weights = await weightsFrom(job, opened);
  const { rounds, milliseconds, largestBatch } = config.quick ? QUICK : job.brief ? BRIEF : USUAL;
  const batchSize = Math.min(model.samplingBatchSize(options, task), config.samples, largestBatch);

  const timeAt = async (size: number) => {
    const sampler: Sampler = await model.sampler(options, task, weights, runtime, size, config);
    const streams = () => sampleStreams(config.seed, 0, size);
    const labels = [...labelsOf(config, dataset, size)];
    try {
      return await timed(() => sampler.sample(streams(), labels), rounds, milliseconds);
    } finally {
      await sampler.dispose();
    }
  };

  const told = (done: number, note: { readonly note?: string }) =>
    host.emit({ type: "progress", done, total: 2, unit: "timings", ...note });
  told(0, { note: `batches of ${batchSize}` });
  const batch = await timeAt(batchSize);
  told(1, { note: "single images" });
  const single = await timeAt(1);
  told(2, {});
  const rate = (milliseconds: number): number => (batchSize * 1000) / milliseconds;
  const result: MeasureResult = {
    batchSize,
    throughput: {
      median: rate(batch.median),
      // d(batch/t) = batch/t · dt/t
      standardError: (rate(batch.median) * batch.standardError) / batch.median,
      rounds: batch.rounds,
    },
    latency: {
      median: single.median / 1000,
      standardError: single.standardError / 1000,
      rounds: single.rounds,
    },
  };
  await mkdir(job.folder, { recursive: true });
  await store(job.folder, result, []);
  return result;
}
