import { expect, test } from "vitest";
import type { Dataset } from "../../../harness/plugin.ts";
import { labelsOf } from "../../../harness/run/labels.ts";
import { seedsHash } from "../../../harness/run/samples-key.ts";
import type { SettledConfig } from "../../../harness/run/settle.ts";

/** Class 0 has seven of ten images, class 1 three, class 2 none. */
const dataset = {
  classes: ["common", "rare", "absent"],
  train: { length: 10, label: (index: number) => (index < 7 ? 0 : 1) },
} as unknown as Dataset;

const config = (labels: SettledConfig["labels"], changes: Partial<SettledConfig> = {}) =>
  ({ labels, seed: 0, samples: 8, unconditional: false, ...changes }) as SettledConfig;

const N = 6_000;
const counted = (labels: SettledConfig["labels"]) => {
  const drawn = labelsOf(config(labels), dataset, N);
  return [0, 1, 2].map((wanted) => drawn.filter((label) => label === wanted).length / N);
};

test("balanced labels are as many of each class", () => {
  expect(counted("balanced")).toEqual([1 / 3, 1 / 3, 1 / 3]);
  expect([...labelsOf(config("balanced"), dataset, 4)]).toEqual([0, 1, 2, 0]);
});

test("labels by frequency follow the training images, uniform ones the classes", () => {
  // 6,000 draws: a standard error of at most .0065.
  const near = (found: readonly number[], expected: readonly number[]) =>
    found.forEach((share, i) => {
      expect(Math.abs(share - expected[i]!)).toBeLessThan(0.026);
    });
  near(counted("frequency"), [0.7, 0.3, 0]);
  near(counted("uniform"), [1 / 3, 1 / 3, 1 / 3]);
});

test.each(["balanced", "frequency", "uniform"] as const)(
  "%s: a sample keeps its label however many are asked for",
  (labels) => {
    const many = labelsOf(config(labels), dataset, 50);
    expect(labelsOf(config(labels), dataset, 20)).toEqual(many.subarray(0, 20));
  },
);

test("no labels without classes, or where none are wanted", () => {
  expect([...labelsOf(config("balanced", { unconditional: true }), dataset, 2)]).toEqual([-1, -1]);
  expect([...labelsOf(config("uniform"), { ...dataset, classes: [] }, 2)]).toEqual([-1, -1]);
});

test("the rule is part of what samples can be paired by", () => {
  const rules = ["balanced", "frequency", "uniform"] as const;
  const hashes = rules.map((labels) => seedsHash(config(labels), dataset));
  expect(new Set(hashes).size).toBe(3);
  const other = { ...dataset, train: { ...dataset.train, identity: "other" } };
  expect(
    rules.map((labels) => seedsHash(config(labels), other) === seedsHash(config(labels), dataset)),
  ).toEqual([true, false, true]);
});
