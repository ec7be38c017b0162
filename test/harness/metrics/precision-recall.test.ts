import { describe, expect, it } from "vitest";
import { matrix } from "../../../harness/linear-algebra/index.ts";
import {
  densityCoverage,
  jackknifeError,
  precisionRecall,
  referenceBalls,
} from "../../../harness/metrics/index.ts";
import { G, R, turns, uniformRows, without } from "./golden.ts";

describe("precisionRecall", () => {
  it("gives the goldens of two uniform sets", async () => {
    const { precision, recall } = await precisionRecall(G, await referenceBalls(R, 3), turns(64, 20));
    expect([precision.value, recall.value]).toEqual([0.8125, 0.953125]);
  });

  it("finds the radii anew for each group left out", async () => {
    const groups = turns(64, 7);
    const reference = await referenceBalls(R, 3);
    const found = await precisionRecall(G, reference, groups);
    for (let g = 0; g < 7; g++) {
      const rest = without(G, groups, g);
      const brute = await precisionRecall(rest, reference, turns(rest.rows, 2));
      expect(found.precision.deleteGroup[g]).toBe(brute.precision.value);
      expect(found.recall.deleteGroup[g]).toBe(brute.recall.value);
    }
    expect(new Set(found.recall.deleteGroup).size).toBeGreaterThan(1);
    expect(found.recall.standardError).toBe(jackknifeError(found.recall.deleteGroup));
  });

  it("counts the border of a ball", async () => {
    const line = (...x: number[]) => matrix(x.length, 1, Float64Array.from(x));
    const { precision } = await precisionRecall(
      line(4, 5.5, 6),
      await referenceBalls(line(0, 1, 2), 2),
      turns(3, 3),
    );
    // Radii of 0, 1, 2 to their second neighbour: 2, 1, 2. The sample at 4 is on the border of the last.
    expect(precision.value).toBe(1 / 3);
    expect(precision.standardError).toBeNull();
  });

  it("is 1 for copies, duplicates among them, at any scale", async () => {
    const rows = uniformRows(40, 8, 4, 1e6);
    rows.data.copyWithin(8, 0, 8);
    const { precision, recall } = await precisionRecall(rows, await referenceBalls(rows, 3), turns(40, 4));
    expect([precision.value, recall.value]).toEqual([1, 1]);
  });

  it("has no error where every ball of the samples left holds all of them", async () => {
    const reference = await referenceBalls(R, 3);
    const few = await precisionRecall(uniformRows(5, 16, 201, 1.1), reference, turns(5, 5));
    expect([few.recall.standardError, few.recall.deleteGroup]).toEqual([null, []]);
    const more = await precisionRecall(uniformRows(6, 16, 201, 1.1), reference, turns(6, 6));
    expect(more.recall.standardError).not.toBeNull();
  });

  it("refuses fewer rows than neighbours", async () => {
    const reference = await referenceBalls(R, 3);
    await expect(precisionRecall(uniformRows(3, 16, 1), reference, turns(3, 3))).rejects.toThrow(
      /more than 3 rows, got 3/,
    );
  });
});

describe("densityCoverage", () => {
  it("gives the goldens of two uniform sets", async () => {
    const { density, coverage } = await densityCoverage(G, await referenceBalls(R, 5), turns(64, 20));
    expect(density.value).toBeCloseTo(0.675, 14);
    expect(coverage.value).toBe(0.953125);
  });

  it("leaves each group out as if it had never been", async () => {
    const groups = turns(64, 6);
    const reference = await referenceBalls(R, 5);
    const found = await densityCoverage(G, reference, groups);
    for (let g = 0; g < 6; g++) {
      const rest = without(G, groups, g);
      const brute = await densityCoverage(rest, reference, turns(rest.rows, 2));
      expect(found.density.deleteGroup[g]).toBeCloseTo(brute.density.value, 14);
      expect(found.coverage.deleteGroup[g]).toBe(brute.coverage.value);
    }
  });
});
