import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamedMoments } from "../../../harness/evaluate/streamed-moments.ts";
import { matrix, product } from "../../../harness/linear-algebra/index.ts";
import { covarianceOf, meanOf, momentsOf } from "../../../harness/metrics/index.ts";
import { createStream } from "../../../harness/random/index.ts";

const DIMS = 3;

describe("StreamedMoments", () => {
  it("gives the moments of all rows, in whatever pieces they come", async () => {
    const pieces = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), async (sizes, seed) => {
        const n = sizes.reduce((sum, size) => sum + size, 0);
        fc.pre(n >= 2);
        const rows = new Float32Array(n * DIMS);
        createStream(seed, "rows").fillUniform(rows);
        const sums = new StreamedMoments(DIMS, product);
        let row = 0;
        for (const size of sizes) {
          await sums.add(rows.subarray(row * DIMS, (row + size) * DIMS));
          row += size;
        }
        const whole = await momentsOf(matrix(n, DIMS, Float64Array.from(rows)));
        const close = (found: Float64Array, right: Float64Array) =>
          found.forEach((value, i) => void expect(value).toBeCloseTo(right[i]!, 12));
        close(await sums.mean(), meanOf(whole));
        close(await sums.covariance(), covarianceOf(whole).data);
      }),
      { numRuns: 20 },
    );
  });

  it("has no mean of nothing, and no covariance of one row", async () => {
    const sums = new StreamedMoments(DIMS, product);
    await expect(sums.mean()).rejects.toThrow(RangeError);
    await sums.add(Float32Array.of(1, 2, 3));
    expect([...(await sums.mean())]).toEqual([1, 2, 3]);
    await expect(sums.covariance()).rejects.toThrow(RangeError);
  });
});
