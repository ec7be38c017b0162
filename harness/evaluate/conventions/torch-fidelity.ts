/** torch-fidelity 0.4.0. */
import { fScore, inceptionScores, torchFidelitySubsets } from "../../metrics/index.ts";
import type { Found } from "../score.ts";
import type { Convention, Scorer } from "./convention.ts";
import { exactTwins, toolFrechet } from "./tool.ts";
import { toolInceptionScore } from "./tool-inception-score.ts";
import { toolKernel } from "./tool-kernel.ts";

/** The changelog says 2021, the code 2020. */
const SEED = 2020;
const NEIGHBOURS = 3;

const is = toolInceptionScore({
  scores: inceptionScores,
  seed: SEED,
  followsSeed: true,
  words: { arithmetic: ", float64" },
});

const kid = toolKernel({
  draw: torchFidelitySubsets,
  seed: SEED,
  words: { arithmetic: " in float64 (the tool's float32 is off by about 1e-7)" },
  printsSpread: true,
  refusesFewer: true,
});

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
    const [precision, recall] = (await exactTwins({ ...compared, settings }, "precision")) as [Found, Found];
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
