import fc from "fast-check";
import { expect, it } from "vitest";
import { momentsAccumulator } from "../../../harness/evaluate/moments-accumulator.ts";
import { matrix, product, rowRange } from "../../../harness/linear-algebra/index.ts";
import { momentsOf } from "../../../harness/metrics/index.ts";
import { createStream } from "../../../harness/random/index.ts";

const DIMS = 3;

it("gives the moments of all rows, in whatever pieces they come", async () => {
  const pieces = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.nat(), async (sizes, seed) => {
      const n = sizes.reduce((sum, size) => sum + size, 0);
      const noise = new Float32Array(n * DIMS);
      createStream(seed, "rows").fillUniform(noise);
      const rows = matrix(n, DIMS, Float64Array.from(noise));
      const accumulator = momentsAccumulator(DIMS, product);
      let row = 0;
      for (const size of sizes) {
        await accumulator.add(rowRange(rows, row, row + size));
        row += size;
      }
      const found = await accumulator.moments();
      const whole = await momentsOf(rows);
      expect(found.n).toBe(n);
      found.sum.forEach((value, i) => void expect(value).toBeCloseTo(whole.sum[i]!, 8));
      found.products.data.forEach((value, i) => void expect(value).toBeCloseTo(whole.products.data[i]!, 8));
    }),
    { numRuns: 20 },
  );
});
