/** Judging a trial: how far its samples are from the held-out images, which neither training nor the reference holds. */
import { mkdir } from "node:fs/promises";
import { featureMatrix } from "../linear-algebra/index.ts";
import { jackknifeGroups, type KernelReference, kernelDistance, kernelReference } from "../metrics/index.ts";
import { looking } from "./features-of.ts";
import { firstOf, imagesOf, type LabelledImages } from "./image-sets.ts";
import type { JobHost, ValidateJob, ValidateResult } from "./jobs.ts";
import { type OpenScoring, openScoring } from "./open.ts";
import { store } from "./store.ts";

/** One a process: they serve every trial. */
let opened: Promise<OpenScoring> | null = null;
let known: Promise<KernelReference> | null = null;

/** Trials are few images, and a Fréchet distance of few is mostly bias, less for samples that vary less: KID has none. */
export async function validate(job: ValidateJob, host: JobHost): Promise<ValidateResult> {
  opened ??= openScoring(job);
  const { dataset, extractor, multiply } = await opened;
  const images = await imagesOf({ kind: "stored", folder: job.samples, labelled: true }, dataset);
  const real = firstOf(dataset.heldOut, dataset.heldOut.length, dataset.resolution);
  const look = looking(extractor, dataset.resolution, host, images.n + (known ? 0 : real.n));
  const seen = async (set: LabelledImages, note: string, title: string) => {
    const { features, dims } = await look(set, note);
    return featureMatrix(title, features, dims);
  };
  known ??= seen(real, "real images", "features of held-out images").then((matrix) =>
    kernelReference(matrix, multiply),
  );
  const heldOut = await known;
  const found = await kernelDistance(
    await seen(images, extractor.name, "features of a trial"),
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
  return result;
}
