/** What epg-bench itself reports: all samples, arithmetic exact in float64, an error for every score that has one. */
import {
  densityCoverage,
  frechetDistanceOfSamples,
  frechetInfinityOfSamples,
  inceptionScore,
  inceptionScores,
  type Jackknifed,
  kernelDistance,
  precisionRecall,
  vendiJackknife,
} from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { type Role, tableOf } from "../compared.ts";
import type { Found } from "../score.ts";
import type { Convention, Scorer } from "./convention.ts";

/** Neighbours a ball reaches to: precision and recall's (arXiv:1904.06991, §3), density and coverage's (arXiv:2002.09797). */
const NEIGHBOURS = { precisionRecall: 3, densityCoverage: 5 };

const errorOf = (found: Jackknifed, groups: Int32Array): Pick<Found, "error" | "errorWords"> => ({
  error: found,
  errorWords:
    found.standardError === null
      ? "no error: too few samples to leave a group out"
      : `error: ${new Set(groups).size}-group delete jackknife on blocks of images in order, balanced by class, covers the draw of samples alone`,
});

const frechet = (family: "fd" | "sfid", role: Role): Scorer => ({
  families: [family],
  layers: [role],
  reference: "distribution",
  byDefault: true,
  async score({ samples, reference, groups }) {
    const table = tableOf(samples, role);
    const normal = await reference.normal(role);
    const found = await frechetDistanceOfSamples(table, normal, groups, reference.multiply);
    const trace =
      table.rows <= table.cols
        ? "singular values of the cross-Gram matrix"
        : "eigenvalues of the covariance projected on the reference's";
    const convention = `Fréchet distance in float64, ddof 1, trace by ${trace}`;
    return [{ family, value: found.value, convention, ...errorOf(found, groups) }];
  },
});

const fd = frechet("fd", "features");
const sfid = frechet("sfid", "spatial");

const kid: Scorer = {
  families: ["kid"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  async score({ samples, reference, groups }) {
    const found = await kernelDistance(
      samples.features,
      await reference.kernel(),
      groups,
      reference.multiply,
    );
    const convention = "unbiased over all samples, kernel (x·y/d + 1)³";
    return [{ family: "kid", value: found.value, convention, ...errorOf(found, groups) }];
  },
};

const CLASSES_WORDS: ReadonlyMap<boolean | null, string> = new Map([
  [true, ""],
  [false, "; not meaningful here: the data's classes are not the extractor's"],
  [null, "; meaningful only for images of the extractor's classes"],
]);

/** Why an Inception Score is never gated. */
export const NOT_GATED_IS = "depends on the extractor's classes and on nothing of the reference";

const is: Scorer = {
  families: ["is"],
  layers: ["logits"],
  reference: "nothing",
  byDefault: true,
  async score({ samples, reference, groups }) {
    const found = await inceptionScore(tableOf(samples, "logits"), groups);
    const real = reference.layers.logits;
    return [
      {
        family: "is",
        value: found.value,
        convention: `one split of all samples${CLASSES_WORDS.get(reference.classesMatch)}`,
        ...errorOf(found, groups),
        ...(real ? { beside: { label: "reference", value: (await inceptionScores(real))[0]! } } : {}),
        notGated: NOT_GATED_IS,
      },
    ];
  },
};

const precisionAndRecall: Scorer = {
  families: ["precision", "recall"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  settings: ["neighbours"],
  fewest: ({ neighbours }) => (neighbours ?? NEIGHBOURS.precisionRecall) + 1,
  async score({ samples, reference, groups, settings }) {
    const k = settings.neighbours ?? NEIGHBOURS.precisionRecall;
    const { precision, recall } = await precisionRecall(
      samples.features,
      await reference.balls(k),
      groups,
      reference.multiply,
    );
    const convention = `k = ${k}, Euclidean, ≤ radius`;
    return [
      { family: "precision", value: precision.value, convention, ...errorOf(precision, groups) },
      { family: "recall", value: recall.value, convention, ...errorOf(recall, groups) },
    ];
  },
};

const densityAndCoverage: Scorer = {
  families: ["density", "coverage"],
  layers: ["features"],
  reference: "images",
  byDefault: false,
  settings: ["neighbours"],
  fewest: ({ neighbours }) => (neighbours ?? NEIGHBOURS.densityCoverage) + 1,
  async score({ samples, reference, groups, settings }) {
    const k = settings.neighbours ?? NEIGHBOURS.densityCoverage;
    const { density, coverage } = await densityCoverage(
      samples.features,
      await reference.balls(k),
      groups,
      reference.multiply,
    );
    const convention = `k = ${k}, Euclidean, < radius`;
    return [
      { family: "density", value: density.value, convention, ...errorOf(density, groups) },
      { family: "coverage", value: coverage.value, convention, ...errorOf(coverage, groups) },
    ];
  },
};

/** The line of FD∞ is fitted to distances of subsets that overlap: how far off it is, its points do not tell. */
export const fdInfinity = (usualSeed: number): Scorer => ({
  families: ["fd-infinity"],
  layers: ["features"],
  reference: "distribution",
  byDefault: false,
  settings: ["seed"],
  async score({ samples, reference, settings }) {
    const seed = settings.seed ?? usualSeed;
    const { value } = await frechetInfinityOfSamples(
      samples.features,
      await reference.normal("features"),
      numpyLegacy(seed).choice,
      reference.multiply,
    );
    const convention = `line over 1/n through the distances of 15 subsets drawn by RandomState(${seed}), where 1/n = 0; no error`;
    return [{ family: "fd-infinity", value, convention }];
  },
});

const vendi: Scorer = {
  families: ["vendi"],
  layers: ["features"],
  reference: "nothing",
  byDefault: false,
  async score({ samples, reference, groups }) {
    const found = await vendiJackknife(samples.features, groups, reference.multiply);
    const convention = "cosine similarity, all samples; it grows with n";
    return [{ family: "vendi", value: found.value, convention, ...errorOf(found, groups) }];
  },
};

export const own: Convention = {
  tool: null,
  description: "epg-bench itself: images prepared as ADM does, arithmetic exact in float64 over all samples",
  scorers: [fd, sfid, fdInfinity(0), kid, is, precisionAndRecall, densityAndCoverage, vendi],
};

/** What a run reports of every entry. */
export const ownOfRuns: readonly Scorer[] = [fd, kid, is, precisionAndRecall];
