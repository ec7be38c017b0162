import { describe, expect, it } from "vitest";
import type { Matrix } from "../../harness/linear-algebra/index.ts";
import {
  inceptionScores,
  inceptionScoresOfChunks,
  spreadOf,
  vendiScore,
} from "../../harness/metrics/index.ts";
import { numpyLegacy } from "../../harness/random/numpy-legacy.ts";
import { openProduct } from "../../plugins/backends/onnxruntime/product.ts";
import { uniformRows } from "../harness/metrics/golden.ts";
import { absent, entries, pairs, type Score, scores, where } from "./scores.ts";

/** Logits of 500 images in order of ten classes, by the formula that scores.json states. */
function syntheticLogits(): Matrix {
  const logits = uniformRows(500, 1008, 300);
  for (let i = 0; i < 500; i++) {
    for (let c = 0; c < 1008; c++) {
      const at = i * 1008 + c;
      const own = c % 10 === Math.floor((10 * i) / 500) ? 8 : 0;
      logits.data[at] = Math.fround(12 * (2 * logits.data[at]! - 1) + own);
    }
  }
  return logits;
}

describe.skipIf(absent)(`Inception Scores of ${where}`, () => {
  const sets: { name: string; logits: () => Matrix; answers: Score | undefined }[] = [
    { name: "synthetic logits", logits: syntheticLogits, answers: scores.synthetic_logits },
    ...pairs.flatMap((pair) =>
      (["gen", "ref"] as const).map((side) => ({
        name: `${pair.name}, ${side}`,
        logits: () => pair.tensors(side, "logits_unbiased"),
        answers: pair.scores[`is_${side}`],
      })),
    ),
  ];
  const cases = sets.flatMap(({ name, logits, answers }) =>
    entries(answers)
      .filter(([title]) => title !== "formula")
      .map(([title, answer]) => ({ name, logits, title, answer })),
  );

  it.each(cases)("$name: $title", async ({ logits, title, answer }) => {
    const rows = logits();
    const chunk = /split_size=(\d+)/.exec(title);
    if (chunk) {
      const { mean } = spreadOf(await inceptionScoresOfChunks(rows, Number(chunk[1])));
      expect(Math.abs(mean / answer - 1)).toBeLessThan(1e-6);
      return;
    }
    const seed = /shuffled (\d+)/.exec(title);
    const order = seed ? numpyLegacy(Number(seed[1])).permutation(rows.rows) : undefined;
    const splits = Number(/(\d+) split/.exec(title)![1]);
    const { mean, spread } = spreadOf(await inceptionScores(rows, splits, order));
    expect(Math.abs(mean / answer.mean! - 1)).toBeLessThan(1e-9);
    expect(Math.abs(spread - answer.std!)).toBeLessThan(1e-9 * mean);
  });
});

describe.skipIf(absent)(`Vendi scores of ${where}`, () => {
  const cases = pairs.flatMap((pair) =>
    entries(pair.scores.vendi_ref)
      .filter(([, value]) => typeof value === "number")
      .map(([title, value]) => ({ name: pair.name, pair, title, value })),
  );

  it.each(cases)("$name: $title", async ({ pair, title, value }) => {
    const found = await vendiScore(pair.tensors("ref"), openProduct(2));
    // "As given" is float32 where the features are.
    expect(Math.abs(found / value - 1)).toBeLessThan(/float64/.test(title) ? 1e-9 : 2e-6);
  });
});
