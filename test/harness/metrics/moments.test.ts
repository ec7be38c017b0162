import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrix, rowRange } from "../../../harness/linear-algebra/index.ts";
import {
  addMoments,
  covarianceOf,
  meanOf,
  momentsAccumulator,
  momentsOf,
  subtractMoments,
} from "../../../harness/metrics/index.ts";
import { uniformRows } from "./golden.ts";

describe("moments", () => {
  it("give the mean and the unbiased covariance", async () => {
    const moments = await momentsOf(matrix(3, 2, Float64Array.of(1, 2, 3, 6, 5, 4)));
    expect([...meanOf(moments)]).toEqual([3, 4]);
    expect([...covarianceOf(moments).data]).toEqual([4, 2, 2, 4]);
  });

  it("merge to those of all rows, and part again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 99 }),
        async (cut, seed) => {
          const rows = uniformRows(21, 5, seed);
          const [first, second, all] = [
            await momentsOf(rowRange(rows, 0, cut)),
            await momentsOf(rowRange(rows, cut, 21)),
            await momentsOf(rows),
          ];
          for (const [found, expected] of [
            [addMoments(first, second), all],
            [subtractMoments(all, first), second],
          ] as const) {
            expect(found.n).toBe(expected.n);
            for (const [i, x] of expected.sum.entries()) expect(found.sum[i]).toBeCloseTo(x, 12);
            for (const [i, x] of expected.products.data.entries()) {
              expect(found.products.data[i]).toBeCloseTo(x, 12);
            }
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("accumulate over batches of any size", async () => {
    const rows = uniformRows(2500, 3, 4);
    const accumulator = momentsAccumulator(3);
    let from = 0;
    for (const size of [1, 1500, 0, 23, 976]) {
      await accumulator.add(rowRange(rows, from, from + size));
      from += size;
      const found = await accumulator.moments();
      const expected = await momentsOf(rowRange(rows, 0, from));
      expect(found.n).toBe(from);
      expect(found.sum).toEqual(expected.sum);
      for (const [i, x] of expected.products.data.entries())
        expect(found.products.data[i]! / x).toBeCloseTo(1, 12);
    }
    await expect(accumulator.add(uniformRows(1, 2, 1))).rejects.toThrow(/3 and of 2 dimensions/);
  });

  it("refuse one sample and other dimensions", async () => {
    const one = await momentsOf(uniformRows(1, 3, 1));
    expect(() => covarianceOf(one)).toThrow(/at least 2 samples, got 1/);
    const other = await momentsOf(uniformRows(4, 2, 1));
    expect(() => addMoments(one, other)).toThrow(/3 and of 2 dimensions/);
  });
});
