import { expect, it } from "vitest";
import { matrix } from "../../../harness/linear-algebra/index.ts";
import { memorisation, trainingNeighbours } from "../../../harness/metrics/index.ts";
import { uniformRows } from "./golden.ts";

const line = (...x: number[]) => matrix(x.length, 1, Float64Array.from(x));

it("compares a sample's distance with that of its nearest training row to its own neighbour", async () => {
  const training = await trainingNeighbours(line(0, 10, 13, 40));
  expect([...training.ownDistances]).toEqual([100, 9, 9, 729]);
  const found = await memorisation(line(9, 7, 16.5, -11, 39), training);
  // 9 → 10 at 1 < 9; 7 → 10 at 9, a tie; 16.5 → 13 at 12.25; −11 → 0 at 121; 39 → 40 at 1 < 729.
  expect([...found.nearest]).toEqual([1, 1, 2, 0, 3]);
  expect(found.value).toBe(0.4);
  expect(found.standardError).toBeCloseTo(Math.sqrt((0.4 * 0.6) / 5), 14);
});

it("is 1 for copies, also of images the training set holds twice", async () => {
  const rows = uniformRows(30, 12, 1, 100);
  rows.data.copyWithin(12, 0, 12);
  const copies = await memorisation(rows, await trainingNeighbours(rows));
  expect(copies.value).toBe(1);
  expect(copies.nearest[1]).toBe(0);
});

it("refuses a training set of one image", async () => {
  await expect(trainingNeighbours(line(2, 2, 2))).rejects.toThrow(/2 training rows that differ, got 3 equal/);
});
