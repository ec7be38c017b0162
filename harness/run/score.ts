/** Scoring one set of images against the reference. */
import { mkdir } from "node:fs/promises";
import type { Dataset } from "../plugin.ts";
import { looking } from "./features-of.ts";
import { firstOf, imagesOf, type LabelledImages } from "./image-sets.ts";
import type { JobHost, ScoreJob, ScoreResult } from "./jobs.ts";
import { keptFeatures, removeFeatures } from "./kept-features.ts";
import { type OpenScoring, openScoring, referenceOf } from "./open.ts";
import { reconstructionDistance } from "./reconstruction-distance.ts";
import { makeStandard, type Standard, scoresOf } from "./scores.ts";
import { store } from "./store.ts";

/** Samples whose nearest training image is told. */
const NEIGHBOURS = 8;

/** One a process: they serve every job. */
let opened: Promise<OpenScoring> | null = null;
let known: Promise<Standard> | null = null;

export async function score(job: ScoreJob, host: JobHost): Promise<ScoreResult> {
  opened ??= openScoring(job);
  const { dataset, extractor, multiply } = await opened;
  const images = await imagesOf(job.images, dataset);
  const originals = job.originals && (await imagesOf(job.originals, dataset));
  const kept = await keptFeatures(job.folder);
  const real = known ? [] : realImages(job.config, dataset);
  const toSee = [...real, ...(kept ? [] : [images]), ...(originals ? [originals] : [])];
  const total = toSee.reduce((sum, { n }) => sum + n, 0);
  const look = looking(extractor, dataset.resolution, host, total);
  known ??= standardOf(job, { dataset, extractor, multiply }, real, look);
  const standard = await known;
  const { n, labels } = images;
  const features = kept ?? (await look(images, extractor.name));
  const { scores, nearest } = await scoresOf(features, labels, standard);
  const before = originals && (await look(originals, extractor.name));
  const result: ScoreResult = {
    n,
    featureDims: extractor.dims,
    features: extractor.id,
    warnings: extractor.warnings ?? [],
    scores: before ? [...scores, await reconstructionDistance(features, before, standard.reference)] : scores,
    neighbours: [...nearest.subarray(0, NEIGHBOURS)],
  };
  await mkdir(job.folder, { recursive: true });
  await store(job.folder, result, []);
  if (kept) await removeFeatures(job.folder);
  return result;
}

/** The training set, and the reference where it is another part. */
function realImages(config: ScoreJob["config"], dataset: Dataset): readonly LabelledImages[] {
  const parts = [dataset.train, ...(config.scoreAgainst === "train" ? [] : [referenceOf(config, dataset)])];
  return parts.map((part) => firstOf(part, part.length, dataset.resolution));
}

async function standardOf(
  { config }: ScoreJob,
  { dataset, extractor, multiply }: OpenScoring,
  [training, held]: readonly LabelledImages[],
  look: ReturnType<typeof looking>,
): Promise<Standard> {
  const train = await look(training!, "real images");
  return makeStandard({
    extractor: extractor.name,
    suffix: config.scoreAgainst === "train" ? "-train" : "",
    train,
    trainLabels: training!.labels,
    reference: held ? await look(held, "real images") : train,
    classes: config.unconditional ? 0 : dataset.classes.length,
    classesMatch: dataset.classesAreImageNet,
    multiply,
  });
}
