/** Every metric of a set of features against the reference, under its name, with its error and its convention. */
import { featureMatrix, type Matrix, type Product } from "../linear-algebra/index.ts";
import {
  classAccuracy,
  fitRidgeClassifier,
  frechetDistanceOfSamples,
  inceptionScores,
  type Jackknifed,
  jackknifeGroups,
  type KernelReference,
  kernelDistance,
  kernelReference,
  memorisation,
  type Normal,
  normalOfFeatures,
  precisionRecall,
  type ReferenceBalls,
  type RidgeClassifier,
  referenceBalls,
  type Share,
  type TrainingNeighbours,
  trainingNeighbours,
} from "../metrics/index.ts";
import type { Features } from "../plugin.ts";
import type { Score } from "./jobs.ts";

/** What images are scored against: features of real images, and what is computed from them once. */
export interface Standard {
  readonly extractor: string;
  /** "-train" where the training set is the reference. */
  readonly suffix: string;
  readonly normal: Normal;
  readonly kernel: KernelReference;
  readonly balls: ReferenceBalls;
  readonly neighbours: TrainingNeighbours;
  /** null where the data has no classes. */
  readonly classifier: RidgeClassifier | null;
  readonly referenceInceptionScore: number;
  /** Whether the extractor's classes are the data's. */
  readonly classesMatch: boolean;
  readonly multiply: Product;
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
  const referenceFeatures = featureMatrix("features of reference images", reference.features, reference.dims);
  return {
    extractor: source.extractor,
    suffix: source.suffix,
    normal: await normalOfFeatures(referenceFeatures, multiply),
    kernel: await kernelReference(referenceFeatures, multiply),
    balls: await referenceBalls(referenceFeatures, 3, multiply),
    neighbours: await trainingNeighbours(trainFeatures, multiply),
    classifier: classes > 1 ? await fitRidgeClassifier(trainFeatures, trainLabels, classes, multiply) : null,
    referenceInceptionScore: inceptionScores(logitsOf(reference))[0]!,
    classesMatch: source.classesMatch,
    multiply,
  };
}

const logitsOf = ({ logits, classes }: Features): Matrix => featureMatrix("logits", logits, classes);

const JACKKNIFE =
  "error: 20-group delete jackknife on seed blocks balanced by class, covers the draw of samples alone";

/** @param labels class of every image; −1 without classes */
export async function scoresOf(
  features: Features,
  labels: Int32Array,
  standard: Standard,
): Promise<{ scores: Score[]; nearest: Int32Array }> {
  const samples = featureMatrix("features of samples", features.features, features.dims);
  const groups = jackknifeGroups(labels);
  const { multiply } = standard;
  const { precision, recall } = await precisionRecall(samples, standard.balls, groups, multiply);
  const copied = await memorisation(samples, standard.neighbours, multiply);
  const n = features.n;
  const jackknifed = (
    metric: string,
    unit: string,
    direction: Score["direction"],
    found: Jackknifed,
    convention: string,
  ): Score => ({
    metric,
    value: found.value,
    standardError: found.standardError,
    unit,
    direction,
    n,
    convention: `${convention}; ${JACKKNIFE}`,
    ...(found.standardError === null ? {} : { deleteGroup: found.deleteGroup }),
  });
  const share = (metric: string, direction: Score["direction"], found: Share, convention: string): Score => ({
    metric,
    value: found.value,
    standardError: found.standardError,
    unit: "share",
    direction,
    n: found.n,
    convention: `${convention}; binomial error`,
  });
  const id = metricIds(standard);
  const scores: Score[] = [
    jackknifed(
      id("fd"),
      "squared feature units",
      "lower",
      await frechetDistanceOfSamples(samples, standard.normal, groups, multiply),
      `Fréchet distance in float64, ddof 1, trace by singular values of the cross-Gram matrix`,
    ),
    jackknifed(
      id("kid"),
      "squared feature units",
      "lower",
      await kernelDistance(samples, standard.kernel, groups, multiply),
      "unbiased over all samples, kernel (x·y/d + 1)³",
    ),
    inceptionScore(id("is"), features, standard),
    jackknifed(id("precision"), "share", "higher", precision, "k = 3, Euclidean, ≤ radius"),
    jackknifed(id("recall"), "share", "higher", recall, "k = 3, Euclidean, ≤ radius"),
    share(
      id("memorisation"),
      "lower",
      copied,
      "share of samples nearer to a training image than that image is to its own nearest training neighbour",
    ),
  ];
  if (standard.classifier && labels.every((label) => label >= 0)) {
    const accuracy = await classAccuracy(standard.classifier, samples, labels, multiply);
    scores.push(
      share(
        id("class-accuracy"),
        "higher",
        accuracy,
        "ridge classifier on features of the training set sees the class asked for",
      ),
    );
  }
  return { scores, nearest: copied.nearest };
}

/** The field's plain names belong to Inception; on any other extractor a metric carries its name. */
const metricIds =
  ({ extractor, suffix }: Standard) =>
  (family: string): string => {
    const plain = extractor === "inception" && family !== "class-accuracy" && family !== "memorisation";
    if (plain) return `${family === "fd" ? "fid" : family}${suffix}`;
    return `${family}-${extractor}${suffix}`;
  };

function inceptionScore(metric: string, features: Features, standard: Standard): Score {
  return {
    metric,
    value: inceptionScores(logitsOf(features))[0]!,
    standardError: null,
    unit: "effective classes",
    direction: "higher",
    n: features.n,
    convention: standard.classesMatch
      ? "one split of all samples"
      : "one split of all samples; not meaningful here: the data's classes are not the extractor's",
    beside: { label: "reference", value: standard.referenceInceptionScore },
    notGated: "depends on the extractor's classes and on nothing of the reference",
  };
}
