/** Scoring one set of images against the reference. */
import { mkdir } from "node:fs/promises";
import { imageViews } from "../formats/image.ts";
import { product } from "../linear-algebra/index.ts";
import type { Dataset, FeatureExtractor, Features, ImageSource } from "../plugin.ts";
import { scoringCode } from "./identity.ts";
import { imagesOf, type LabelledImages } from "./image-sets.ts";
import type { JobHost, ScoreJob, ScoreResult } from "./jobs.ts";
import { joinFeatures } from "./join-features.ts";
import { openBackend, openDataset, openExtractor, referenceOf } from "./open.ts";
import { requireSameCode, requireSameData } from "./origin.ts";
import { reconstructionDistance } from "./reconstruction-distance.ts";
import { makeStandard, type Standard, scoresOf } from "./scores.ts";
import { store } from "./store.ts";

/** Samples whose nearest training image is told. */
const NEIGHBOURS = 8;

interface Scorer {
  readonly dataset: Dataset;
  readonly extractor: FeatureExtractor;
  readonly standard: Standard;
}

/** One a process: the reference's and the training set's features serve every job. */
let opened: Promise<Scorer> | null = null;

export async function score(job: ScoreJob, host: JobHost): Promise<ScoreResult> {
  opened ??= openScorer(job, host);
  const { dataset, extractor, standard } = await opened;
  const side = dataset.resolution;
  const seen = ({ images, n }: LabelledImages) =>
    extractor.extract(imageViews(images, { n, height: side, width: side }));
  const set = await imagesOf(job.images, dataset);
  const { n, labels } = set;
  const features = await seen(set);
  host.emit({
    type: "progress",
    done: 1,
    total: 2,
    unit: "steps",
    note: `${n} images seen by ${extractor.name}`,
  });
  const { scores, nearest } = await scoresOf(features, labels, standard);
  const originals = job.originals && (await seen(await imagesOf(job.originals, dataset)));
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
  host.emit({ type: "progress", done: 2, total: 2, unit: "steps" });
  return result;
}

async function openScorer({ config, cache, origin }: ScoreJob, host: JobHost): Promise<Scorer> {
  const dataset = await openDataset(config, cache);
  requireSameData(origin, dataset);
  const backend = await openBackend(config);
  const extractor = await openExtractor(config, backend);
  requireSameCode(origin, await scoringCode(config));
  const train = await featuresOf(extractor, dataset.train, dataset.resolution, host);
  const reference =
    config.scoreAgainst === "train"
      ? train
      : await featuresOf(extractor, referenceOf(config, dataset), dataset.resolution, host);
  const suffix = config.scoreAgainst === "train" ? "-train" : "";
  const standard = await makeStandard({
    extractor: extractor.name,
    suffix,
    train,
    trainLabels: labelsOf(dataset.train),
    reference,
    classes: config.unconditional ? 0 : dataset.classes.length,
    classesMatch: dataset.classesAreImageNet,
    multiply: backend.product ?? product,
  });
  return { dataset, extractor, standard };
}

const labelsOf = (source: ImageSource): Int32Array =>
  Int32Array.from({ length: source.length }, (_, i) => source.label(i));

/** Features of a whole part of the data set, read in runs of images so that memory does not grow with it. */
async function featuresOf(
  extractor: FeatureExtractor,
  source: ImageSource,
  side: number,
  host: JobHost,
): Promise<Features> {
  const RUN = 512;
  const parts: Features[] = [];
  for (let start = 0; start < source.length; start += RUN) {
    const indices = Array.from({ length: Math.min(RUN, source.length - start) }, (_, k) => start + k);
    const shape = { n: indices.length, height: side, width: side };
    parts.push(await extractor.extract(imageViews(await source.images(indices), shape)));
    host.emit({
      type: "progress",
      done: start + indices.length,
      total: source.length + 1,
      unit: "images",
      note: "real images",
    });
  }
  return joinFeatures(parts);
}
