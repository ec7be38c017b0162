import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrix, scale } from "../../../harness/linear-algebra/index.ts";
import { roundToHalf } from "../../../harness/metrics/half.ts";
import {
  admPrecisionRecall,
  jackknifeGroups,
  precisionRecall,
  referenceBalls,
} from "../../../harness/metrics/index.ts";
import { G, R, uniformRows } from "./golden.ts";

describe("roundToHalf", () => {
  it.each([
    [1 / 3, 0.333251953125],
    [2049, 2048],
    [2051, 2052],
    [65519, 65504],
    [65520, Infinity],
    [-1e6, -Infinity],
    [2 ** -24, 2 ** -24],
    [2 ** -25, 0],
    [3 * 2 ** -26, 2 ** -24],
    [-0.1, -0.0999755859375],
  ])("of %s is %s", (x, expected) => {
    expect(roundToHalf(x) + 0).toBe(expected);
  });

  it("keeps halves, and is never further than half a unit", () => {
    fc.assert(
      fc.property(fc.double({ min: -65000, max: 65000, noNaN: true }), (x) => {
        const half = roundToHalf(x);
        expect(roundToHalf(half)).toBe(half);
        expect(Math.abs(half - Math.fround(x))).toBeLessThanOrEqual(
          Math.max(2 ** -25, Math.abs(x) * 2 ** -11),
        );
      }),
    );
  });
});

describe("admPrecisionRecall", () => {
  it("gives the golden in single precision", async () => {
    expect(await admPrecisionRecall(G, R, "single")).toEqual({ precision: 0.8125, recall: 0.953125 });
  });

  it("is exact arithmetic where every distance is a half", async () => {
    const whole = (seed: number) => {
      const rows = uniformRows(40, 4, seed, 9);
      return matrix(40, 4, rows.data.map(Math.floor));
    };
    const [samples, reference] = [whole(1), whole(2)];
    const groups = jackknifeGroups(new Uint8Array(40));
    const exact = await precisionRecall(samples, await referenceBalls(reference, 3), groups);
    expect(await admPrecisionRecall(samples, reference, "half")).toEqual({
      precision: exact.precision.value,
      recall: exact.recall.value,
    });
  });

  it("turns to single precision where halves overflow", async () => {
    const [samples, reference] = [scale(G, 200), scale(R, 200)];
    expect(await admPrecisionRecall(samples, reference, "half")).toEqual(
      await admPrecisionRecall(samples, reference, "single"),
    );
  });

  it("refuses too few rows", async () => {
    await expect(admPrecisionRecall(uniformRows(3, 16, 1), R, "half")).rejects.toThrow(/more than 3 rows/);
    await expect(admPrecisionRecall(uniformRows(9, 4, 1), R, "half")).rejects.toThrow(/4- and 16-dim/);
  });
});
