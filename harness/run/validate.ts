/** Judging a trial: how far its samples are from the held-out images, which neither training nor the reference holds. */
import { mkdir } from "node:fs/promises";
import { featureMatrix, type Product, product } from "../linear-algebra/index.ts";
import { jackknifeGroups, type KernelReference, kernelDistance, kernelReference } from "../metrics/index.ts";
import type { Dataset, FeatureExtractor } from "../plugin.ts";
import { featuresOf } from "./features-of.ts";
import { scoringCode } from "./identity.ts";
import { firstOf, imagesOf } from "./image-sets.ts";
import type { JobHost, ValidateJob, ValidateResult } from "./jobs.ts";
import { openBackend, openDataset, openExtractor } from "./open.ts";
import { requireSameCode, requireSameData } from "./origin.ts";
import { store } from "./store.ts";

interface Validator {
  readonly dataset: Dataset;
  readonly extractor: FeatureExtractor;
  readonly heldOut: KernelReference;
  readonly multiply: Product;
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

async function openValidator({ config, cache, origin }: ValidateJob, host: JobHost): Promise<Validator> {
  const dataset = await openDataset(config, cache);
  requireSameData(origin, dataset);
  const backend = await openBackend(config);
  const extractor = await openExtractor(config, backend);
  requireSameCode(origin, await scoringCode(config));
  const multiply = backend.product ?? product;
  const images = firstOf(dataset.heldOut, dataset.heldOut.length, dataset.resolution);
  const { features, dims } = await featuresOf(extractor, images, dataset.resolution, host, "real images");
  const heldOut = await kernelReference(
    featureMatrix("features of held-out images", features, dims),
    multiply,
  );
  return { dataset, extractor, heldOut, multiply };
}
