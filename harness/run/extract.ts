/** The features of a shard's images: what `score` would see of them. */
import { mkdir } from "node:fs/promises";
import { looking } from "./features-of.ts";
import { imagesOf } from "./image-sets.ts";
import type { ExtractJob, ExtractResult, JobHost } from "./jobs.ts";
import { FEATURES, writeFeatures } from "./kept-features.ts";
import { type OpenScoring, openScoring } from "./open.ts";
import { store } from "./store.ts";

/** One a process: it serves every share of a run. */
let opened: Promise<OpenScoring> | null = null;

/** Leaves `features.safetensors` in the job's folder. */
export async function extract(job: ExtractJob, host: JobHost): Promise<ExtractResult> {
  opened ??= openScoring(job);
  const { dataset, extractor } = await opened;
  const images = await imagesOf({ kind: "stored", folder: job.samples, labelled: true }, dataset);
  const features = await looking(extractor, dataset.resolution, host, images.n)(images, extractor.name);
  await mkdir(job.folder, { recursive: true });
  await writeFeatures(job.folder, features);
  const result: ExtractResult = { n: images.n };
  await store(job.folder, result, [FEATURES]);
  return result;
}
