/** Judging a trial: how far its samples are from the held-out images, which neither training nor the reference holds. */
import { mkdir } from "node:fs/promises";
import { featureMatrix } from "../linear-algebra/index.ts";
import { jackknifeGroups, type KernelReference, kernelDistance, kernelReference } from "../metrics/index.ts";
import { featuresOf } from "./features-of.ts";
import { firstOf, imagesOf } from "./image-sets.ts";
import type { JobHost, ValidateJob, ValidateResult } from "./jobs.ts";
import { type OpenScoring, openScoring } from "./open.ts";
import { store } from "./store.ts";

interface Validator extends OpenScoring {
  readonly heldOut: KernelReference;
}

/** One a process: the held-out images' features serve every trial. */
let opened: Promise<Validator> | null = null;

/** Trials are few images, and a Fréchet distance of few is mostly bias, less for samples that vary less: KID has none. */
export async function validate(job: ValidateJob, host: JobHost): Promise<ValidateResult> {
  opened ??= openValidator(job, host);
  const { dataset, extractor, heldOut, multiply } = await opened;
  const images = await imagesOf({ kind: "stored", folder: job.samples, labelled: true }, dataset);
  const { features, dims } = await featuresOf(extractor, images, dataset.resolution, host, extractor.name);
  const found = await kernelDistance(
    featureMatrix("features of a trial", features, dims),
    heldOut,
    jackknifeGroups(images.labels),
    multiply,
  );
  const result: ValidateResult = {
    n: images.n,
    heldOut: heldOut.features.rows,
    kid: found.value,
    standardError: found.standardError,
  };
  await mkdir(job.folder, { recursive: true });
  await store(job.folder, result, []);
  host.emit({ type: "progress", done: images.n + 1, total: images.n + 1, unit: "images" });
  return result;
}

async function openValidator(job: ValidateJob, host: JobHost): Promise<Validator> {
  const scoring = await openScoring(job);
  const { dataset, extractor, multiply } = scoring;
  const images = firstOf(dataset.heldOut, dataset.heldOut.length, dataset.resolution);
  const { features, dims } = await featuresOf(extractor, images, dataset.resolution, host, "real images");
  const heldOut = await kernelReference(
    featureMatrix("features of held-out images", features, dims),
    multiply,
  );
  return { ...scoring, heldOut };
}
