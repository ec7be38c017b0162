import { describe, expect, it } from "vitest";
import { matrix, rowRange } from "../../../harness/linear-algebra/index.ts";
import {
  inceptionScore,
  inceptionScores,
  inceptionScoresOfChunks,
  inceptionScoresOfWholeSplits,
} from "../../../harness/metrics/index.ts";
import { turns, uniformRows, without } from "./golden.ts";

const logits = uniformRows(64, 16, 201, 11);
const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

it("gives the goldens with one split and with four", () => {
  expect(mean(inceptionScores(logits))).toBeCloseTo(3.6223634802, 10);
  expect(mean(inceptionScores(logits, 4))).toBeCloseTo(3.4065577223, 10);
});

it("is the number of classes for certain, even guesses, and 1 for equal ones; logits may be huge", () => {
  const certain = matrix(4, 4);
  for (let i = 0; i < 4; i++) certain.data[i * 5] = 5000;
  expect(inceptionScores(certain)[0]).toBeCloseTo(4, 12);
  expect(inceptionScores(matrix(4, 4))[0]).toBeCloseTo(1, 12);
});

it("refuses more splits than rows", () => {
  expect(() => inceptionScores(logits, 65)).toThrow(/1…n = 64, got 65/);
});

describe("inceptionScore and its splits", () => {
  const logits = uniformRows(23, 7, 5, 10);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

  it("leaves each group out as if it had never been", () => {
    const groups = turns(23, 5);
    const { value, deleteGroup, standardError } = inceptionScore(logits, groups);
    expect(value).toBeCloseTo(inceptionScores(logits)[0]!, 12);
    deleteGroup.forEach((score, g) => {
      expect(score).toBeCloseTo(inceptionScores(without(logits, groups, g))[0]!, 12);
    });
    expect(standardError).toBeGreaterThan(0);
  });

  it("cuts chunks with a short last one, and whole splits without the rest", () => {
    const part = (from: number, to: number) => inceptionScores(rowRange(logits, from, to))[0]!;
    expect(mean(inceptionScoresOfChunks(logits, 10))).toBeCloseTo(
      mean([part(0, 10), part(10, 20), part(20, 23)]),
      12,
    );
    expect(mean(inceptionScoresOfWholeSplits(logits, 2))).toBeCloseTo(mean([part(0, 11), part(11, 22)]), 12);
    expect(() => inceptionScoresOfChunks(logits, 0)).toThrow(/got 0/);
    expect(() => inceptionScoresOfWholeSplits(logits, 24)).toThrow(/1…n = 23, got 24/);
  });
});
