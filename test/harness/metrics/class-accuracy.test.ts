import { describe, expect, it } from "vitest";
import { matrix } from "../../../harness/linear-algebra/index.ts";
import { classAccuracy, fitRidgeClassifier } from "../../../harness/metrics/index.ts";
import { uniformRows } from "./golden.ts";

/** Rows around one of three corners, noise ±`noise`/2. */
function clusters(n: number, d: number, noise: number, t: number) {
  const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
  const rows = uniformRows(n, d, t, noise);
  for (let i = 0; i < n; i++) rows.data[i * d + labels[i]!]! += 1;
  return { rows, labels };
}

describe("fitRidgeClassifier", () => {
  it.each([
    ["more rows than dimensions", 60, 7],
    ["fewer", 30, 90],
  ])("solves the normal equations with %s", async (_, n, d) => {
    const { rows, labels } = clusters(n, d, 1, 1);
    const { mean, inverseDeviation, weights, bias } = await fitRidgeClassifier(rows, labels, 3);
    // At the minimum, Xᵀ·(Y − X·W) = λ·W.
    const x = (i: number, j: number) => (rows.data[i * d + j]! - mean[j]!) * inverseDeviation[j]!;
    for (let c = 0; c < 3; c++) {
      const residual = Array.from({ length: n }, (_, i) => {
        let score = bias[c]!;
        for (let j = 0; j < d; j++) score += x(i, j) * weights.data[c * d + j]!;
        return (labels[i] === c ? 1 : 0) - score;
      });
      for (let j = 0; j < d; j++) {
        const gradient = residual.reduce((sum, r, i) => sum + x(i, j) * r, 0);
        expect(gradient).toBeCloseTo(n * weights.data[c * d + j]!, 9);
      }
    }
  });

  it("tells apart what is apart, and guesses what is not", async () => {
    const train = clusters(90, 20, 0.5, 1);
    const test = clusters(60, 20, 0.5, 2);
    const classifier = await fitRidgeClassifier(train.rows, train.labels, 3);
    expect(await classAccuracy(classifier, test.rows, test.labels)).toEqual({
      value: 1,
      standardError: 0,
      n: 60,
    });
    const guesses = await classAccuracy(classifier, uniformRows(300, 20, 5), clusters(300, 20, 1, 3).labels);
    expect(guesses.value).toBeLessThan(0.5);
    expect(guesses.standardError).toBeCloseTo(Math.sqrt((guesses.value * (1 - guesses.value)) / 300), 14);
  });

  it("ignores a constant dimension and refuses wrong labels", async () => {
    const { rows, labels } = clusters(30, 5, 0.5, 1);
    for (let i = 0; i < 30; i++) rows.data[i * 5 + 4] = 0.1;
    const classifier = await fitRidgeClassifier(rows, labels, 3);
    expect(classifier.weights.data[4]).toBe(0);
    await expect(fitRidgeClassifier(rows, labels, 2)).rejects.toThrow(/row 2 has label 2, expected 0…1/);
    await expect(classAccuracy(classifier, matrix(1, 4), [0])).rejects.toThrow(
      /5-dimensional features, given 4/,
    );
  });
});
