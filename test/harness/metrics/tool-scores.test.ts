import { describe, expect, it } from "vitest";
import { matrix, selectRows } from "../../../harness/linear-algebra/index.ts";
import {
  cleanFidSubsets,
  densityCoverage,
  dgmEvalPrecisionRecall,
  inceptionScoreOfTool,
  inceptionScoresOfWholeSplits,
  kernelDistanceOfSubsets,
  kernelDistanceOfTool,
  precisionRecall,
  referenceBalls,
  spreadOf,
  torchFidelityPrecisionRecall,
} from "../../../harness/metrics/index.ts";
import { numpyLegacy } from "../../../harness/random/numpy-legacy.ts";
import { G, R, turns, uniformRows } from "./golden.ts";

describe("kernelDistanceOfTool", () => {
  it("takes no more rows than there are, but for torch-fidelity, which refuses", async () => {
    const whole = await kernelDistanceOfTool("clean-fid", G, R, numpyLegacy(0).choice);
    expect(whole.mean).toBeCloseTo(0.02433794534351, 12);
    expect(whole.spread).toBeLessThan(1e-12);
    await expect(kernelDistanceOfTool("torch-fidelity", G, R, numpyLegacy(2020).choice)).rejects.toThrow(
      /subset of 1000 rows needs as many on either side, got 64 and 64/,
    );
  });

  it("draws for dgm-eval the reference first", async () => {
    const plan = { count: 3, size: 20 };
    const found = await kernelDistanceOfTool("dgm-eval", G, R, numpyLegacy(5).choice, undefined, plan);
    const subsets = cleanFidSubsets(64, 64, plan, numpyLegacy(5).choice);
    expect(subsets[0]!.reference).toEqual(numpyLegacy(5).choice(64, 20));
    expect(found).toEqual(spreadOf(await kernelDistanceOfSubsets(G, R, subsets)));
    expect(found.spread).toBeGreaterThan(0);
  });
});

it("inceptionScoreOfTool leaves out for dgm-eval what its ten splits leave over", async () => {
  const logits = uniformRows(57, 5, 3, 8);
  const order = numpyLegacy(2020).permutation(57);
  const found = await inceptionScoreOfTool("dgm-eval", logits, numpyLegacy(2020).permutation);
  const { mean, spread } = spreadOf(await inceptionScoresOfWholeSplits(selectRows(logits, order), 10));
  expect(found.mean).toBeCloseTo(mean, 12);
  expect(found.spread).toBeCloseTo(spread, 12);
  const other = await inceptionScoreOfTool("torch-fidelity", logits, numpyLegacy(2020).permutation);
  expect(other.mean).not.toBe(found.mean);
});

it("torchFidelityPrecisionRecall gives the goldens and their harmonic mean", async () => {
  const { precision, recall, fScore } = await torchFidelityPrecisionRecall(G, R, turns(64, 8));
  expect([precision.value, recall.value]).toEqual([0.8125, 0.953125]);
  expect(fScore).toBeCloseTo((2 * 0.8125 * 0.953125) / (0.8125 + 0.953125), 12);
});

describe("dgmEvalPrecisionRecall", () => {
  it("draws as many rows of either side, reference first", async () => {
    const samples = selectRows(
      G,
      Int32Array.from({ length: 40 }, (_, i) => i),
    );
    const found = await dgmEvalPrecisionRecall(samples, R, numpyLegacy(3).choice);
    const { choice } = numpyLegacy(3);
    const balls = await referenceBalls(selectRows(R, choice(64, 40)), 5);
    const drawn = selectRows(samples, choice(40, 40));
    const { precision, recall } = await precisionRecall(drawn, balls, turns(40, 2), undefined, "out");
    const { density, coverage } = await densityCoverage(drawn, balls, turns(40, 2));
    expect(found.precision.value).toBe(precision.value);
    expect(found.recall.value).toBe(recall.value);
    expect(found.density.value).toBeCloseTo(density.value, 14);
    expect(found.coverage.value).toBe(coverage.value);
  });

  it("does not count the border", async () => {
    const line = (...x: number[]) => matrix(x.length, 1, Float64Array.from(x));
    // Every ball reaches from a row to its fifth neighbour: 0 reaches 5, and 10 is on the border of 5's.
    const [samples, rows] = [line(10, 11, 12, 13, 14, 15), line(0, 1, 2, 3, 4, 5)];
    const open = await dgmEvalPrecisionRecall(samples, rows, numpyLegacy(1).choice);
    expect([open.precision.value, open.recall.value]).toEqual([0, 0]);
    const closed = await precisionRecall(samples, await referenceBalls(rows, 5), turns(6, 3));
    expect([closed.precision.value, closed.recall.value]).toEqual([1 / 6, 1 / 6]);
  });

  it("is 1 for copies, of a set of equal rows too where the border counts", async () => {
    const equal = matrix(8, 2, new Float64Array(16).fill(3));
    const open = await dgmEvalPrecisionRecall(equal, equal, numpyLegacy(1).choice);
    expect([open.precision.value, open.coverage.value]).toEqual([0, 0]);
    const copies = await dgmEvalPrecisionRecall(R, R, numpyLegacy(1).choice);
    expect([copies.precision.value, copies.recall.value, copies.coverage.value]).toEqual([1, 1, 1]);
  });
});
