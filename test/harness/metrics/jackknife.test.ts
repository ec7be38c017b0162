import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jackknifeError, jackknifeGroups } from "../../../harness/metrics/index.ts";
import { groupMembers } from "../../../harness/metrics/jackknife.ts";

describe("jackknifeGroups", () => {
  it("cuts contiguous blocks where labels cycle with the seed", () => {
    const labels = Array.from({ length: 400 }, (_, i) => i % 10);
    expect([...jackknifeGroups(labels)]).toEqual(labels.map((_, i) => Math.floor(i / 20)));
    expect([...jackknifeGroups(new Uint8Array(6), 3)]).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("balances sizes and labels, each label in contiguous runs", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 200 }), (labels) => {
        const groups = jackknifeGroups(labels);
        const members = groupMembers(groups, labels.length);
        const sizes = members.map((list) => list.length);
        expect(members).toHaveLength(Math.min(20, labels.length));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (const label of new Set(labels)) {
          const own = [...groups].filter((_, i) => labels[i] === label);
          expect(own).toEqual([...own].sort((a, b) => a - b));
        }
      }),
    );
  });

  it("gives every group its share of every label", () => {
    const labels = Array.from({ length: 600 }, (_, i) => (i < 200 ? 0 : i < 500 ? 1 : 2));
    for (const list of groupMembers(jackknifeGroups(labels), 600)) {
      const counts = [0, 0, 0];
      for (const i of list) counts[labels[i]!]!++;
      expect(counts).toEqual([10, 15, 5]);
    }
  });

  it("refuses fewer than two groups, and groups with a gap", () => {
    expect(() => jackknifeGroups([0, 0], 1)).toThrow(/count must be an integer ≥ 2, got 1/);
    expect(() => groupMembers(Int32Array.of(0, 2, 2), 3)).toThrow(/group 1 of 3 is empty/);
  });
});

describe("jackknifeError", () => {
  it("is the standard error of a mean, for a mean", () => {
    const values = [1, 4, 2, 8, 5, 7];
    const total = values.reduce((sum, x) => sum + x, 0);
    const mean = total / 6;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 5;
    expect(jackknifeError(values.map((x) => (total - x) / 5))).toBeCloseTo(Math.sqrt(variance / 6), 14);
  });
});
