import { expect, it } from "vitest";
import { matrix } from "../../../harness/linear-algebra/index.ts";
import { vendiJackknife, vendiOfClasses, vendiScore } from "../../../harness/metrics/index.ts";
import { R, turns, uniformRows, without } from "./golden.ts";

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

it.each([
  ["more rows than dimensions", 40, 6],
  ["fewer", 12, 30],
])("leaves each group out as if it had never been, with %s", async (_, n, d) => {
  const [rows, groups] = [uniformRows(n, d, 7), turns(n, 4)];
  const { value, deleteGroup, standardError } = await vendiJackknife(rows, groups);
  expect(value).toBeCloseTo(await vendiScore(rows), 12);
  for (let g = 0; g < 4; g++)
    expect(deleteGroup[g]).toBeCloseTo(await vendiScore(without(rows, groups, g)), 10);
  expect(standardError).toBeGreaterThan(0);
});

it("is averaged over classes, however the labels are numbered", async () => {
  const rows = uniformRows(20, 5, 8);
  const labels = turns(20, 2);
  const expected =
    ((await vendiScore(without(rows, labels, 0))) + (await vendiScore(without(rows, labels, 1)))) / 2;
  expect(
    await vendiOfClasses(
      rows,
      labels.map((label) => 7 * label),
    ),
  ).toBeCloseTo(expected, 12);
  await expect(vendiOfClasses(rows, [1, 2])).rejects.toThrow(/labels: 2 for 20 rows/);
});
