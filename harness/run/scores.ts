/** Every metric of an entry's features: those against the reference, and those against the training set. */
import { makeReference, OWN_SETTINGS, type Reference } from "../evaluate/compared.ts";
import { ownOfRuns } from "../evaluate/conventions/own.ts";
import { type Found, metricIds, type Score, scoreOf } from "../evaluate/score.ts";
import { featureMatrix, type Matrix, type Product } from "../linear-algebra/index.ts";
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
    reference: makeReference({ ...source, layers: layersOf("reference images", reference) }),
    neighbours: await trainingNeighbours(trainFeatures, multiply),
    classifier: classes > 1 ? await fitRidgeClassifier(trainFeatures, trainLabels, classes, multiply) : null,
  };
}

const layersOf = (
  name: string,
  { features, dims, logits, classes }: Features,
): Record<"features" | "logits", Matrix> => ({
  features: featureMatrix(`features of ${name}`, features, dims),
  logits: featureMatrix(`logits of ${name}`, logits, classes),
});

/** @param labels class of every image; −1 without classes */
export async function scoresOf(
  features: Features,
  labels: Int32Array,
  { reference, neighbours, classifier }: Standard,
): Promise<{ scores: Score[]; nearest: Int32Array }> {
  const layers = layersOf("samples", features);
  const samples = layers.features;
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
  const groups = jackknifeGroups(labels);
  const compared = { samples: layers, reference, groups, labels, settings: OWN_SETTINGS };
  const found: Found[] = [];
  for (const scorer of ownOfRuns) found.push(...(await scorer.score(compared)));
  const scores = [
    ...found.map((one) => scoreOf(one, features.n, id)),
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
