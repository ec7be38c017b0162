/** torch-fidelity 0.4.0. */
import {
  fScore,
  inceptionScores,
  kernelDistanceOfSubsets,
  spreadOf,
  torchFidelitySubsets,
} from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { tableOf } from "../compared.ts";
import type { Convention, Scorer } from "./convention.ts";
import { exactTwin, spreadBeside, subsetError, toolFrechet } from "./tool.ts";

/** The changelog says 2021, the code 2020. */
const SEED = 2020;
const SPLITS = 10;
const SUBSETS = { count: 100, size: 1000 };
const NEIGHBOURS = 3;

const is: Scorer = {
  families: ["is"],
  layers: ["logits"],
  reference: "nothing",
  byDefault: true,
  settings: ["seed"],
  fewest: () => SPLITS,
  async score(compared) {
    const logits = tableOf(compared.samples, "logits");
    const seed = compared.settings.seed ?? SEED;
    const order = numpyLegacy(seed).permutation(logits.rows);
    const found = spreadOf(await inceptionScores(logits, SPLITS, order));
    const convention = `mean over ${SPLITS} splits, order by RandomState(${seed}), float64; no error`;
    return [
      {
        family: "is",
        value: found.mean,
        convention,
        ...spreadBeside(found, `${SPLITS} splits`),
        notGated: "depends on the extractor's classes and on nothing of the reference",
      },
    ];
  },
};

const kid: Scorer = {
  families: ["kid"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  settings: ["kidSubsets", "kidSubsetSize", "seed"],
  fewest: ({ kidSubsetSize }) => kidSubsetSize ?? SUBSETS.size,
  async score(compared) {
    const { samples, reference, settings } = compared;
    const real = tableOf(reference.layers, "features");
    const plan = {
      count: settings.kidSubsets ?? SUBSETS.count,
      size: settings.kidSubsetSize ?? SUBSETS.size,
    };
    const seed = settings.seed ?? SEED;
    const { choice } = numpyLegacy(seed);
    const subsets = torchFidelitySubsets(samples.features.rows, real.rows, plan, choice);
    const found = spreadOf(
      await kernelDistanceOfSubsets(samples.features, real, subsets, reference.multiply),
    );
    const convention = `mean over ${plan.count} subsets of ${plan.size} by RandomState(${seed}), unbiased, kernel (x·y/d + 1)³ in float64 (the tool's float32 is off by about 1e-7)`;
    return [
      {
        family: "kid",
        value: found.mean,
        convention,
        ...subsetError(await exactTwin(compared, "kid"), found, plan.count),
        ...spreadBeside(found, `${plan.count} subsets`),
      },
    ];
  },
};

/** By default the tool takes VGG-16's features for these: here they are Inception's. */
const precisionAndRecall: Scorer = {
  families: ["precision", "recall", "f-score"],
  layers: ["features"],
  reference: "images",
  byDefault: false,
  settings: ["neighbours"],
  fewest: ({ neighbours }) => (neighbours ?? NEIGHBOURS) + 1,
  async score(compared) {
    const k = compared.settings.neighbours ?? NEIGHBOURS;
    const settings = { ...compared.settings, neighbours: k };
    const [precision, recall] = [
      await exactTwin({ ...compared, settings }, "precision"),
      await exactTwin({ ...compared, settings }, "recall"),
    ];
    const convention = `k = ${k}, Euclidean, ≤ radius, on these features (the tool's default is VGG-16's fc2)`;
    return [
      { ...precision, convention },
      { ...recall, convention },
      { family: "f-score", value: fScore(precision.value, recall.value), convention },
    ];
  },
};

export const torchFidelity: Convention = {
  tool: "torch-fidelity",
  description: "torch-fidelity 0.4.0",
  scorers: [toolFrechet("fd", "features", "float32"), is, kid, precisionAndRecall],
};
