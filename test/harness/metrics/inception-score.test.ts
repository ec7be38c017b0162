import { describe, expect, it } from "vitest";
import { matrix, rowRange } from "../../../harness/linear-algebra/index.ts";
import {
  inceptionScore,
  inceptionScores,
  inceptionScoresOfChunks,
  inceptionScoresOfWholeSplits,
} from "../../../harness/metrics/index.ts";
import { numpyLegacy } from "../../../harness/random/numpy-legacy.ts";
import { turns, uniformRows, without } from "./golden.ts";

const logits = uniformRows(64, 16, 201, 11);
const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

it("gives the goldens with one split, with four, and four in torch-fidelity's order", async () => {
  expect(mean(await inceptionScores(logits))).toBeCloseTo(3.6223634802, 10);
  expect(mean(await inceptionScores(logits, 4))).toBeCloseTo(3.4065577223, 10);
  const order = numpyLegacy(2020).permutation(64);
  expect(mean(await inceptionScores(logits, 4, order))).toBeCloseTo(3.3314792945, 10);
});

it("is the number of classes for certain, even guesses, and 1 for equal ones; logits may be huge", async () => {
  const certain = matrix(4, 4);
  for (let i = 0; i < 4; i++) certain.data[i * 5] = 5000;
  expect((await inceptionScores(certain))[0]).toBeCloseTo(4, 12);
  expect((await inceptionScores(matrix(4, 4)))[0]).toBeCloseTo(1, 12);
});

it("refuses more splits than rows, and an order of other rows", async () => {
  await expect(inceptionScores(logits, 65)).rejects.toThrow(/1…n = 64, got 65/);
  await expect(inceptionScores(logits, 2, new Int32Array(3))).rejects.toThrow(/order of 3 for 64/);
});

describe("inceptionScore and its splits", () => {
  const logits = uniformRows(23, 7, 5, 10);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

  it("leaves each group out as if it had never been", async () => {
    const groups = turns(23, 5);
    const { value, deleteGroup, standardError } = await inceptionScore(logits, groups);
    expect(value).toBeCloseTo((await inceptionScores(logits))[0]!, 12);
    for (const [g, score] of deleteGroup.entries())
      expect(score).toBeCloseTo((await inceptionScores(without(logits, groups, g)))[0]!, 12);
    expect(standardError).toBeGreaterThan(0);
  });

  it("cuts chunks with a short last one, and whole splits without the rest", async () => {
    const part = async (from: number, to: number) => (await inceptionScores(rowRange(logits, from, to)))[0]!;
    expect(mean(await inceptionScoresOfChunks(logits, 10))).toBeCloseTo(
      mean([await part(0, 10), await part(10, 20), await part(20, 23)]),
      12,
    );
    expect(mean(await inceptionScoresOfWholeSplits(logits, 2))).toBeCloseTo(
      mean([await part(0, 11), await part(11, 22)]),
      12,
    );
    await expect(inceptionScoresOfChunks(logits, 0)).rejects.toThrow(/got 0/);
    await expect(inceptionScoresOfWholeSplits(logits, 24)).rejects.toThrow(/1…n = 23, got 24/);
  });
});
