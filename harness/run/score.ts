/** Scoring one set of images against the reference. */
import { mkdir } from "node:fs/promises";
import type { ImageSource } from "../plugin.ts";
import { featuresOf } from "./features-of.ts";
import { firstOf, imagesOf } from "./image-sets.ts";
import type { JobHost, ScoreJob, ScoreResult } from "./jobs.ts";
import { keptFeatures, removeFeatures } from "./kept-features.ts";
import { firstLabels } from "./labels.ts";
import { type OpenScoring, openScoring, referenceOf } from "./open.ts";
import { reconstructionDistance } from "./reconstruction-distance.ts";
import { makeStandard, type Standard, scoresOf } from "./scores.ts";
import { store } from "./store.ts";

/** Samples whose nearest training image is told. */
const NEIGHBOURS = 8;

interface Scorer extends OpenScoring {
  readonly standard: Standard;
}

/** One a process: the reference's and the training set's features serve every job. */
let opened: Promise<Scorer> | null = null;

export async function score(job: ScoreJob, host: JobHost): Promise<ScoreResult> {
  opened ??= openScorer(job, host);
  const { dataset, extractor, standard } = await opened;
  const images = await imagesOf(job.images, dataset);
  const { n, labels } = images;
  const kept = await keptFeatures(job.folder);
  const features = kept ?? (await featuresOf(extractor, images, dataset.resolution, host, extractor.name));
  const { scores, nearest } = await scoresOf(features, labels, standard);
  const originals =
    job.originals &&
    (await featuresOf(
      extractor,
      await imagesOf(job.originals, dataset),
      dataset.resolution,
      host,
      extractor.name,
    ));
  const result: ScoreResult = {
    n,
    featureDims: extractor.dims,
    features: extractor.id,
    warnings: extractor.warnings ?? [],
    scores: originals
      ? [...scores, await reconstructionDistance(features, originals, standard.reference)]
      : scores,
    neighbours: [...nearest.subarray(0, NEIGHBOURS)],
  };
  await mkdir(job.folder, { recursive: true });
  await store(job.folder, result, []);
  if (kept) await removeFeatures(job.folder);
  host.emit({ type: "progress", done: n + 1, total: n + 1, unit: "images" });
  return result;
}

async function openScorer(job: ScoreJob, host: JobHost): Promise<Scorer> {
  const scoring = await openScoring(job);
  const { config } = job;
  const { dataset, extractor, multiply } = scoring;
  const real = (source: ImageSource) => {
    const images = firstOf(source, source.length, dataset.resolution);
    return featuresOf(extractor, images, dataset.resolution, host, "real images");
  };
  const train = await real(dataset.train);
  const reference = config.scoreAgainst === "train" ? train : await real(referenceOf(config, dataset));
  const suffix = config.scoreAgainst === "train" ? "-train" : "";
  const standard = await makeStandard({
    extractor: extractor.name,
    suffix,
    train,
    trainLabels: firstLabels(dataset.train),
    reference,
    classes: config.unconditional ? 0 : dataset.classes.length,
    classesMatch: dataset.classesAreImageNet,
    multiply,
  });
  return { ...scoring, standard };
}
