import { expect, it } from "vitest";
import { matrix } from "../../../harness/linear-algebra/index.ts";
import { vendiScore } from "../../../harness/metrics/index.ts";
import { R, uniformRows } from "./golden.ts";

it("gives what NumPy gives for a uniform set", async () => {
  expect(await vendiScore(R)).toBeCloseTo(3.3643326238, 9);
});

it("counts the different samples", async () => {
  const identity = matrix(5, 5);
  for (let i = 0; i < 5; i++) identity.data[i * 6] = 3;
  expect(await vendiScore(identity)).toBeCloseTo(5, 12);
  expect(await vendiScore(matrix(6, 2, new Float64Array(12).fill(2)))).toBeCloseTo(1, 12);
});

it("is the same through either Gram matrix, and refuses a zero row", async () => {
  const rows = uniformRows(5, 9, 1);
  const padded = matrix(5, 3, rows.data.slice(0, 15));
  expect(await vendiScore(padded)).toBeLessThanOrEqual(3);
  await expect(vendiScore(matrix(2, 3))).rejects.toThrow(/row 0, which is zero/);
});
