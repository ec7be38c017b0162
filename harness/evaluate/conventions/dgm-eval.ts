/** dgm-eval 74c79f7 with Inception features (arXiv:2306.04675). */
import { chosenRows } from "../../linear-algebra/index.ts";
import {
  cleanFidSubsets,
  densityCoverage,
  inceptionScoresOfWholeSplits,
  jackknifeGroups,
  precisionRecall,
  referenceBalls,
  vendiOfClasses,
} from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { tableOf } from "../compared.ts";
import type { Convention, Scorer } from "./convention.ts";
import { fdInfinity } from "./own.ts";
import { choiceOf50000, toolFrechet } from "./tool.ts";
import { toolInceptionScore } from "./tool-inception-score.ts";
import { toolKernel } from "./tool-kernel.ts";

/** Of its global generator, whose place in the sequence depends on all that ran before: here each metric begins anew. */
const SEED = 13579;
const is = toolInceptionScore({
  scores: inceptionScoresOfWholeSplits,
  seed: 2020,
  followsSeed: false,
  words: { splits: " of equal size" },
});

const kid = toolKernel({
  // Reference rows first, no subset larger than either set.
  draw: cleanFidSubsets,
  seed: SEED,
  words: { arithmetic: " in float64", spread: " (its kd_variance)" },
  printsSpread: true,
  refusesFewer: false,
});

/** Rows of either side its precision and recall are of, at most. */
const MOST = 10_000;
const NEIGHBOURS = 5;

const prdc: Scorer = {
  families: ["precision", "recall", "density", "coverage"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  settings: ["neighbours", "seed"],
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

/** `--nsample 50000 --seed 13579`, of either set. */
const choice = choiceOf50000(SEED);

export const dgmEval: Convention = {
  tool: "dgm-eval",
  description: "dgm-eval 74c79f7 with Inception features",
  scorers,
  choice,
  choosesReference: true,
};

export const dgmEvalCleanResize: Convention = {
  tool: "dgm-eval-clean-resize",
  description: "dgm-eval 74c79f7 with Inception features and --clean_resize",
  scorers,
  choice,
  choosesReference: true,
};
