/** guided-diffusion's evaluator (22e0df8, evaluations/evaluator.py): the numbers of ADM, DiT, SiT and EPG. */
import { admPrecisionRecall, inceptionScoresOfChunks, spreadOf } from "../../metrics/index.ts";
import { tableOf } from "../compared.ts";
import type { Convention, Scorer } from "./convention.ts";
import { toolFrechet, withOurErrors } from "./tool.ts";

/** Images an Inception Score's chunk holds, in file order. */
const CHUNK = 5000;
const NEIGHBOURS = 3;

const is: Scorer = {
  families: ["is"],
  layers: ["logits"],
  reference: "nothing",
  byDefault: true,
  async score(compared) {
    const logits = tableOf(compared.samples, "logits");
    const scores = await inceptionScoresOfChunks(logits, CHUNK);
    const { mean } = spreadOf(scores);
    const convention = `mean over ${scores.length} consecutive chunks of ${CHUNK} images: files ordered by class score far too low`;
    return withOurErrors(compared, "is", [
      { family: "is", value: mean, convention, notGated: "depends on the order of the files" },
    ]);
  },
};

const precisionAndRecall: Scorer = {
  families: ["precision", "recall", "precision-float32", "recall-float32"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  fewest: ({ neighbours }) => (neighbours ?? NEIGHBOURS) + 1,
  async score(compared) {
    const { samples, reference, settings } = compared;
    const k = settings.neighbours ?? NEIGHBOURS;
    const real = tableOf(reference.layers, "features");
    const half = await admPrecisionRecall(samples.features, real, "half", k, reference.multiply);
    const single = await admPrecisionRecall(samples.features, real, "single", k, reference.multiply);
    const inHalf = `k = ${k}, squared distances in float16 as on TensorFlow (sums inside its kernels are not specified: about 0.01 apart), ≤ radius`;
    const inSingle = `k = ${k}, the same in float32, as PyTorch ports have it`;
    return withOurErrors(compared, "precision", [
      { family: "precision", value: half.precision, convention: inHalf },
      { family: "recall", value: half.recall, convention: inHalf },
      { family: "precision-float32", value: single.precision, convention: inSingle },
      { family: "recall-float32", value: single.recall, convention: inSingle },
    ]);
  },
};

export const adm: Convention = {
  tool: "adm",
  description: "guided-diffusion's evaluator 22e0df8 (ADM; also DiT, SiT, EPG)",
  scorers: [
    toolFrechet("fd", "features", "float32"),
    toolFrechet("sfid", "spatial", "float32"),
    is,
    precisionAndRecall,
  ],
};
