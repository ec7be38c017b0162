/** guided-diffusion's evaluator (22e0df8, evaluations/evaluator.py): the numbers of ADM, DiT, SiT and EPG. */
import { admPrecisionRecall, inceptionScoresOfChunks, spreadOf } from "../../metrics/index.ts";
import { tableOf } from "../compared.ts";
import type { Found } from "../score.ts";
import type { Convention, Scorer } from "./convention.ts";
import { exactTwins, toolFrechet } from "./tool.ts";

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
    const notGated = "depends on the order of the files";
    // One chunk of all samples is our score.
    if (scores.length === 1) {
      const [exact] = (await exactTwins(compared, "is")) as [Found];
      return [{ ...exact, value: scores[0]!, notGated }];
    }
    const convention = `mean over ${scores.length} consecutive chunks of ${CHUNK} images: files ordered by class score far too low; no error`;
    return [{ family: "is", value: spreadOf(scores).mean, convention, notGated }];
  },
};

const precisionAndRecall: Scorer = {
  families: ["precision", "recall", "precision-float32", "recall-float32"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  settings: ["neighbours"],
  fewest: ({ neighbours }) => (neighbours ?? NEIGHBOURS) + 1,
  async score(compared) {
    const { samples, reference, settings } = compared;
    const k = settings.neighbours ?? NEIGHBOURS;
    const real = tableOf(reference.layers, "features");
    const half = await admPrecisionRecall(samples.features, real, "half", k, reference.multiply);
    const single = await admPrecisionRecall(samples.features, real, "single", k, reference.multiply);
    const inHalf = `k = ${k}, squared distances in float16 as on TensorFlow (sums inside its kernels are not specified: about 0.01 apart), ≤ radius; no error`;
    const inSingle = `k = ${k}, the same in float32, as PyTorch ports have it`;
    const notGated = "blurred by half precision, without an error: gate the float32 one beside it";
    // Apart from ours by rounding of single decisions alone, so that the errors are ours.
    const [precision, recall] = (await exactTwins(compared, "precision")) as [Found, Found];
    return [
      { family: "precision", value: half.precision, convention: inHalf, notGated },
      { family: "recall", value: half.recall, convention: inHalf, notGated },
      { ...precision, family: "precision-float32", value: single.precision, convention: inSingle },
      { ...recall, family: "recall-float32", value: single.recall, convention: inSingle },
    ];
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
