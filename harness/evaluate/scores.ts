/** The scores every set of images gets against a reference, under their names, with errors and conventions. */
import { featureMatrix, type Matrix, type Product } from "../linear-algebra/index.ts";
import {
  frechetDistanceOfSamples,
  inceptionScores,
  type Jackknifed,
  type KernelReference,
  kernelDistance,
  kernelReference,
  type Normal,
  normalOfFeatures,
  precisionRecall,
  type ReferenceBalls,
  referenceBalls,
} from "../metrics/index.ts";
import type { Features } from "../plugin.ts";
import type { ResultRow } from "../result.ts";

/** A row of a result that has no entry yet, of images. */
export interface Score extends Omit<ResultRow, "entry" | "n" | "deleteGroup"> {
  readonly n: number;
  readonly deleteGroup?: readonly number[];
}

export const scoreRows = (entry: string, scores: readonly Score[]): ResultRow[] =>
  scores.map(({ deleteGroup, ...score }) => ({
    entry,
    ...score,
    ...(deleteGroup ? { deleteGroup: [...deleteGroup] } : {}),
  }));

/** What images are scored against: features of real images, and what is computed from them once. */
export interface Reference {
  readonly extractor: string;
  /** "-train" where the training set is the reference. */
  readonly suffix: string;
  readonly normal: Normal;
  /** null where only statistics are known: then there is a Fréchet distance and no other score against them. */
  readonly images: ReferenceImages | null;
  readonly multiply: Product;
  /** Whether the extractor's classes are the data's; null where nobody knows. */
  readonly classesMatch: boolean | null;
}

interface ReferenceImages {
  readonly kernel: KernelReference;
  readonly balls: ReferenceBalls;
  readonly inceptionScore: number;
}

export type ReferenceNames = Pick<Reference, "extractor" | "suffix" | "classesMatch">;

interface ReferenceOptions extends ReferenceNames {
  /** The matrix product: a backend's, or the plain one. */
  readonly multiply: Product;
}

/** Neighbours a ball reaches to (arXiv:1904.06991, §3). */
const NEIGHBOURS = 3;

/**
 * @param features of the reference's images
 * @param normal the distribution that the Fréchet distance is to: that of the features, where none is given
 */
export async function makeReference(
  features: Features | null,
  normal: Normal | null,
  { extractor, suffix, classesMatch, multiply }: ReferenceOptions,
): Promise<Reference> {
  const rows = features && featureMatrix("features of reference images", features.features, features.dims);
  if (!rows && !normal) throw new Error("a reference needs images or statistics");
  return {
    extractor,
    suffix,
    classesMatch,
    multiply,
    normal: normal ?? (await normalOfFeatures(rows!, multiply)),
    images: rows && {
      kernel: await kernelReference(rows, multiply),
      balls: await referenceBalls(rows, NEIGHBOURS, multiply),
      inceptionScore: (await inceptionScores(logitsOf(features)))[0]!,
    },
  };
}

const logitsOf = ({ logits, classes }: Features): Matrix => featureMatrix("logits", logits, classes);

const jackknifeWords = ({ standardError }: Jackknifed, groups: Int32Array): string =>
  standardError === null
    ? "no error: too few samples to leave a group out"
    : `error: ${new Set(groups).size}-group delete jackknife on blocks of images in order, balanced by class, covers the draw of samples alone`;

/** @param groups jackknife group of every image */
export async function referenceScores(
  features: Features,
  groups: Int32Array,
  reference: Reference,
): Promise<Score[]> {
  const { multiply } = reference;
  const samples = featureMatrix("features of samples", features.features, features.dims);
  const id = metricIds(reference);
  const score = (
    metric: string,
    unit: string,
    direction: Score["direction"],
    found: Jackknifed,
    convention: string,
  ): Score => ({
    metric: id(metric),
    value: found.value,
    standardError: found.standardError,
    unit,
    direction,
    n: features.n,
    convention: `${convention}; ${jackknifeWords(found, groups)}`,
    ...(found.standardError === null ? {} : { deleteGroup: found.deleteGroup }),
  });
  const distance = score(
    "fd",
    "squared feature units",
    "lower",
    await frechetDistanceOfSamples(samples, reference.normal, groups, multiply),
    "Fréchet distance in float64, ddof 1, trace by singular values of the cross-Gram matrix",
  );
  const ownScore = await inceptionScore(id("is"), features, reference);
  if (!reference.images) return [distance, ownScore];
  const { kernel, balls } = reference.images;
  const { precision, recall } = await precisionRecall(samples, balls, groups, multiply);
  return [
    distance,
    score(
      "kid",
      "squared feature units",
      "lower",
      await kernelDistance(samples, kernel, groups, multiply),
      "unbiased over all samples, kernel (x·y/d + 1)³",
    ),
    ownScore,
    score("precision", "share", "higher", precision, `k = ${NEIGHBOURS}, Euclidean, ≤ radius`),
    score("recall", "share", "higher", recall, `k = ${NEIGHBOURS}, Euclidean, ≤ radius`),
  ];
}

/** The field's plain names belong to Inception; on any other extractor a metric carries its name. */
export const metricIds =
  ({ extractor, suffix }: ReferenceNames) =>
  (family: string): string => {
    const plain = extractor === "inception" && family !== "class-accuracy" && family !== "memorisation";
    if (plain) return `${family === "fd" ? "fid" : family}${suffix}`;
    return `${family}-${extractor}${suffix}`;
  };

const CLASSES_WORDS: ReadonlyMap<boolean | null, string> = new Map([
  [true, ""],
  [false, "; not meaningful here: the data's classes are not the extractor's"],
  [null, "; meaningful only for images of the extractor's classes"],
]);

async function inceptionScore(metric: string, features: Features, reference: Reference): Promise<Score> {
  return {
    metric,
    value: (await inceptionScores(logitsOf(features)))[0]!,
    standardError: null,
    unit: "effective classes",
    direction: "higher",
    n: features.n,
    convention: `one split of all samples${CLASSES_WORDS.get(reference.classesMatch)}`,
    ...(reference.images ? { beside: { label: "reference", value: reference.images.inceptionScore } } : {}),
    notGated: "depends on the extractor's classes and on nothing of the reference",
  };
}
