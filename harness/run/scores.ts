/** Every metric of an entry's features: those against the reference, and those against the training set. */
import { makeReference, metricIds, type Reference, referenceScores, type Score } from "../evaluate/scores.ts";
import { featureMatrix, type Product } from "../linear-algebra/index.ts";
import {
  classAccuracy,
  fitRidgeClassifier,
  jackknifeGroups,
  memorisation,
  type RidgeClassifier,
  type Share,
  type TrainingNeighbours,
  trainingNeighbours,
} from "../metrics/index.ts";
import type { Features } from "../plugin.ts";

/** What samples are scored against: the reference, and what the training set shows. */
export interface Standard {
  readonly reference: Reference;
  readonly neighbours: TrainingNeighbours;
  /** null where the data has no classes. */
  readonly classifier: RidgeClassifier | null;
}

export interface StandardSource {
  readonly extractor: string;
  readonly suffix: string;
  readonly train: Features;
  readonly trainLabels: Int32Array;
  readonly reference: Features;
  readonly classes: number;
  readonly classesMatch: boolean;
  readonly multiply: Product;
}

export async function makeStandard(source: StandardSource): Promise<Standard> {
  const { train, reference, trainLabels, classes, multiply } = source;
  const trainFeatures = featureMatrix("features of training images", train.features, train.dims);
  return {
    reference: await makeReference(reference, null, source),
    neighbours: await trainingNeighbours(trainFeatures, multiply),
    classifier: classes > 1 ? await fitRidgeClassifier(trainFeatures, trainLabels, classes, multiply) : null,
  };
}

/** @param labels class of every image; −1 without classes */
export async function scoresOf(
  features: Features,
  labels: Int32Array,
  { reference, neighbours, classifier }: Standard,
): Promise<{ scores: Score[]; nearest: Int32Array }> {
  const samples = featureMatrix("features of samples", features.features, features.dims);
  const copied = await memorisation(samples, neighbours, reference.multiply);
  const id = metricIds(reference);
  const share = (metric: string, direction: Score["direction"], found: Share, convention: string): Score => ({
    metric: id(metric),
    value: found.value,
    standardError: found.standardError,
    unit: "share",
    direction,
    n: found.n,
    convention: `${convention}; binomial error`,
  });
  const scores = [
    ...(await referenceScores(features, jackknifeGroups(labels), reference)),
    share(
      "memorisation",
      "lower",
      copied,
      "share of samples nearer to a training image than that image is to its own nearest training neighbour",
    ),
  ];
  if (classifier && labels.every((label) => label >= 0)) {
    const accuracy = await classAccuracy(classifier, samples, labels, reference.multiply);
    scores.push(
      share(
        "class-accuracy",
        "higher",
        accuracy,
        "ridge classifier on features of the training set sees the class asked for",
      ),
    );
  }
  return { scores, nearest: copied.nearest };
}
