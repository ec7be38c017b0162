import { expect, it } from "vitest";
import { matrix } from "../../../harness/linear-algebra/index.ts";
import { inceptionScores } from "../../../harness/metrics/index.ts";
import { uniformRows } from "./golden.ts";

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
