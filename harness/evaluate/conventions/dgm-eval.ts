/** dgm-eval 74c79f7 with Inception features (arXiv:2306.04675). */
import { chosenRows } from "../../linear-algebra/index.ts";
import {
  cleanFidSubsets,
  densityCoverage,
  inceptionScoresOfWholeSplits,
  jackknifeGroups,
  kernelDistanceOfSubsets,
  precisionRecall,
  referenceBalls,
  spreadOf,
  vendiOfClasses,
} from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { tableOf } from "../compared.ts";
import type { Convention, Scorer } from "./convention.ts";
import { fdInfinity } from "./own.ts";
import { spreadBeside, toolFrechet, withOurErrors } from "./tool.ts";

/** Of its global generator, whose place in the sequence depends on all that ran before: here each metric begins anew. */
const SEED = 13579;
/** Of its Inception Score's order. */
const ORDER_SEED = 2020;
const SPLITS = 10;
const SUBSETS = { count: 100, size: 1000 };

const is: Scorer = {
  families: ["is"],
  layers: ["logits"],
  reference: "nothing",
  byDefault: true,
  fewest: () => SPLITS,
  async score(compared) {
    const logits = tableOf(compared.samples, "logits");
    const order = numpyLegacy(ORDER_SEED).permutation(logits.rows);
    const found = spreadOf(await inceptionScoresOfWholeSplits(logits, SPLITS, order));
    const convention = `mean over ${SPLITS} splits of equal size, order by RandomState(${ORDER_SEED})`;
    return withOurErrors(compared, "is", [
      {
        family: "is",
        value: found.mean,
        convention,
        ...spreadBeside(found, `${SPLITS} splits`),
        notGated: "depends on the extractor's classes and on nothing of the reference",
      },
    ]);
  },
};

const kid: Scorer = {
  families: ["kid"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  async score(compared) {
    const { samples, reference, settings } = compared;
    const real = tableOf(reference.layers, "features");
    const plan = {
      count: settings.kidSubsets ?? SUBSETS.count,
      size: settings.kidSubsetSize ?? SUBSETS.size,
    };
    const seed = settings.seed ?? SEED;
    // As clean-fid: reference rows first, no subset larger than either set.
    const subsets = cleanFidSubsets(samples.features.rows, real.rows, plan, numpyLegacy(seed).choice);
    const found = spreadOf(
      await kernelDistanceOfSubsets(samples.features, real, subsets, reference.multiply),
    );
    const convention = `mean over ${plan.count} subsets of ${subsets[0]!.samples.length} by RandomState(${seed}), unbiased, kernel (x·y/d + 1)³ in float64`;
    return withOurErrors(compared, "kid", [
      {
        family: "kid",
        value: found.mean,
        convention,
        ...spreadBeside(found, `${plan.count} subsets (its kd_variance)`),
      },
    ]);
  },
};

/** Rows of either side its precision and recall are of, at most. */
const MOST = 10_000;
const NEIGHBOURS = 5;

const prdc: Scorer = {
  families: ["precision", "recall", "density", "coverage"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  fewest: ({ neighbours }) => (neighbours ?? NEIGHBOURS) + 1,
  async score({ samples, reference, settings }) {
    const { multiply } = reference;
    const real = tableOf(reference.layers, "features");
    const k = settings.neighbours ?? NEIGHBOURS;
    const seed = settings.seed ?? SEED;
    const { choice } = numpyLegacy(seed);
    const n = Math.min(MOST, samples.features.rows, real.rows);
    const balls = await referenceBalls(chosenRows(real, choice(real.rows, n)), k, multiply);
    const drawn = chosenRows(samples.features, choice(samples.features.rows, n));
    const groups = jackknifeGroups(new Uint8Array(n));
    const found = {
      ...(await precisionRecall(drawn, balls, groups, multiply, "out")),
      ...(await densityCoverage(drawn, balls, groups, multiply)),
    };
    const convention = `k = ${k}, Euclidean, < radius, ${n} of either side drawn by RandomState(${seed})`;
    return (["precision", "recall", "density", "coverage"] as const).map((family) => ({
      family,
      value: found[family].value,
      convention,
      error: found[family],
      errorWords: "error: 20-group delete jackknife of the draw",
      n,
    }));
  },
};

const vendiPerClass: Scorer = {
  families: ["vendi-per-class"],
  layers: ["features"],
  reference: "nothing",
  byDefault: false,
  needsLabels: true,
  async score({ samples, reference, labels }) {
    const value = await vendiOfClasses(samples.features, labels!, reference.multiply);
    const convention = "mean over classes of each class's score, cosine similarity; no error";
    return [{ family: "vendi-per-class", value, convention }];
  },
};

const scorers = [toolFrechet("fd", "features", "float64"), fdInfinity(SEED), is, kid, prdc, vendiPerClass];

export const dgmEval: Convention = {
  tool: "dgm-eval",
  description: "dgm-eval 74c79f7 with Inception features",
  scorers,
};

export const dgmEvalCleanResize: Convention = {
  tool: "dgm-eval-clean-resize",
  description: "dgm-eval 74c79f7 with Inception features and --clean_resize",
  scorers,
};
