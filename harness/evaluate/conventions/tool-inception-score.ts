/** The Inception Score as the tools take it: over splits of the samples in a random order. */
import { type inceptionScoresOfWholeSplits, spreadOf } from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { tableOf } from "../compared.ts";
import type { Scorer } from "./convention.ts";
import { NOT_GATED_IS } from "./own.ts";
import { spreadBeside } from "./tool.ts";

interface SplitTool {
  readonly scores: typeof inceptionScoresOfWholeSplits;
  readonly seed: number;
  /** Whether the order follows `--seed`. */
  readonly followsSeed: boolean;
  /** To follow "over 10 splits", and the order. */
  readonly words: { readonly splits?: string; readonly arithmetic?: string };
}

const SPLITS = 10;

export const toolInceptionScore = ({ scores, seed: usual, followsSeed, words }: SplitTool): Scorer => ({
  families: ["is"],
  layers: ["logits"],
  reference: "nothing",
  byDefault: true,
  ...(followsSeed ? { settings: ["seed"] } : {}),
  fewest: () => SPLITS,
  async score({ samples, settings }) {
    const logits = tableOf(samples, "logits");
    const seed = (followsSeed ? settings.seed : null) ?? usual;
    const order = numpyLegacy(seed).permutation(logits.rows);
    const found = spreadOf(await scores(logits, SPLITS, order));
    return [
      {
        family: "is",
        value: found.mean,
        convention: `mean over ${SPLITS} splits${words.splits ?? ""}, order by RandomState(${seed})${words.arithmetic ?? ""}; no error`,
        ...spreadBeside(found, `${SPLITS} splits`),
        notGated: NOT_GATED_IS,
      },
    ];
  },
});
