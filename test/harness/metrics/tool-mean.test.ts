import { expect, it } from "vitest";
import { matrix } from "../../../harness/linear-algebra/index.ts";
import { float32Mean } from "../../../harness/metrics/index.ts";

it("float32Mean adds in float32, row after row", async () => {
  // 2²⁴ + 1 is no float32: the ones are lost, as NumPy loses them.
  const rows = matrix(4, 2, Float64Array.of(2 ** 24, 1, 1, 1, 1, 1, 0, 1));
  expect([...(await float32Mean(rows))]).toEqual([2 ** 22, 1]);
});
