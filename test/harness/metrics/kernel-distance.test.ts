import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Matrix, matrix } from "../../../harness/linear-algebra/index.ts";
import {
  cleanFidSubsets,
  jackknifeError,
  kernelDistance,
  kernelDistanceOfSubsets,
  kernelReference,
} from "../../../harness/metrics/index.ts";
import { numpyLegacy } from "../../../harness/random/numpy-legacy.ts";
import { G, R, turns, uniformRows, without } from "./golden.ts";

describe("kernelDistance", () => {
  it("gives the golden of two uniform sets", async () => {
    expect((await kernelDistance(G, await kernelReference(R), turns(64, 20))).value).toBeCloseTo(
      0.02433794534351,
      13,
    );
    const whole = Int32Array.from({ length: 64 }, (_, i) => i);
    const [subset] = await kernelDistanceOfSubsets(G, R, [{ samples: whole, reference: whole }]);
    expect(subset).toBeCloseTo(0.02433794534351, 13);
  });

  it("is the sum over pairs, with unequal numbers of rows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 9 }), async (n, m) => {
        const [x, y] = [uniformRows(n, 3, n), uniformRows(m, 3, m + 50)];
        expect((await kernelDistance(x, await kernelReference(y), turns(n, 2))).value).toBeCloseTo(
          byPairs(x, y),
          12,
        );
      }),
    );
  });

  it("is unbiased: halves of one set come out on both sides of 0", async () => {
    const values = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, t) =>
          (
            await kernelDistance(
              uniformRows(30, 6, 2 * t),
              await kernelReference(uniformRows(30, 6, 2 * t + 1)),
              turns(30, 5),
            )
          ).value,
      ),
    );
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const spread = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length ** 2);
    expect(values.some((x) => x < 0) && values.some((x) => x > 0)).toBe(true);
    expect(Math.abs(mean)).toBeLessThan(3 * spread);
  });

  it("leaves each group out as if it had never been", async () => {
    const groups = turns(64, 20);
    const { deleteGroup, standardError } = await kernelDistance(G, await kernelReference(R), groups);
    for (let g = 0; g < 20; g++) expect(deleteGroup[g]).toBeCloseTo(byPairs(without(G, groups, g), R), 12);
    expect(standardError).toBe(jackknifeError(deleteGroup));
  });

  it("sums tiles of more rows than one holds", async () => {
    const [x, y] = [uniformRows(1100, 2, 1), uniformRows(1030, 2, 2)];
    expect((await kernelDistance(x, await kernelReference(y), turns(1100, 3))).value).toBeCloseTo(
      byPairs(x, y),
      12,
    );
  });

  it("is of a set with itself what it is with a copy", async () => {
    const copy = matrix(64, 16, G.data.slice());
    const expected = await kernelDistance(G, await kernelReference(copy), turns(64, 4));
    expect(await kernelDistance(G, await kernelReference(G), turns(64, 4))).toEqual(expected);
    const subsets = cleanFidSubsets(64, 64, { count: 30, size: 20 }, numpyLegacy(1).choice);
    const ofCopy = await kernelDistanceOfSubsets(G, copy, subsets);
    expect(await kernelDistanceOfSubsets(G, G, subsets)).toEqual(ofCopy);
  });

  it("is the same of many subsets as of each alone, over several tiles", async () => {
    const [x, y] = [uniformRows(1300, 3, 1), uniformRows(2100, 3, 2)];
    const subsets = cleanFidSubsets(1300, 2100, { count: 12, size: 700 }, numpyLegacy(1).choice);
    const together = await kernelDistanceOfSubsets(x, y, subsets);
    for (const [i, subset] of subsets.entries())
      expect((await kernelDistanceOfSubsets(x, y, [subset]))[0]).toBeCloseTo(together[i]!, 12);
  });

  it("refuses one row and other dimensions", async () => {
    await expect(kernelReference(uniformRows(1, 16, 1))).rejects.toThrow(/reference rows, got 1/);
    await expect(
      kernelDistance(R, await kernelReference(uniformRows(4, 3, 1)), turns(64, 4)),
    ).rejects.toThrow(/16- and 3-dimensional/);
  });
});

function byPairs(x: Matrix, y: Matrix): number {
  const mean = (a: Matrix, b: Matrix, unequal: boolean): number => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < a.rows; i++) {
      for (let j = 0; j < b.rows; j++) {
        if (unequal && i === j) continue;
        let dot = 0;
        for (let k = 0; k < a.cols; k++) dot += a.data[i * a.cols + k]! * b.data[j * b.cols + k]!;
        sum += (dot / a.cols + 1) ** 3;
        count++;
      }
    }
    return sum / count;
  };
  return mean(x, x, true) + mean(y, y, true) - 2 * mean(x, y, false);
}
