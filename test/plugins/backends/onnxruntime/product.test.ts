import { describe, expect, it } from "vitest";
import { matrix, product, transpose } from "../../../../harness/linear-algebra/index.ts";
import { openProduct } from "../../../../plugins/backends/onnxruntime/product.ts";
import { uniformRows } from "../../../harness/metrics/golden.ts";

const fast = openProduct(2);

describe("the float64 product of onnxruntime", () => {
  it.each([
    [1, 1, 1],
    [70, 33, 5],
    [5, 300, 129],
  ])("is A·Bᵀ: %s×%s and %s rows", async (m, k, n) => {
    const [a, b] = [uniformRows(m, k, 1), uniformRows(n, k, 2)];
    const found = await fast(a, b);
    expect([found.rows, found.cols]).toEqual([m, n]);
    product(a, b).data.forEach((x, i) => {
      expect(found.data[i]! / x).toBeCloseTo(1, 13);
    });
  });

  it.each([
    [256, 300],
    [257, 300],
    [700, 257],
    [700, 9],
  ])("is A·Aᵀ, exactly symmetric, of %s rows of %s", async (n, k) => {
    const a = uniformRows(n, k, 3);
    const found = await fast(a, a);
    product(a, a).data.forEach((x, i) => {
      if (!(Math.abs(found.data[i]! / x - 1) < 1e-13))
        expect.fail(`element ${i}: ${found.data[i]}, not ${x}`);
    });
    expect(found).toEqual(transpose(found as typeof a));
  });

  it("is written over room that is large enough", async () => {
    const [a, b] = [uniformRows(7, 4, 1), uniformRows(5, 4, 2)];
    const expected = await fast(a, b);
    const room = new Float64Array(40).fill(Number.NaN);
    const found = await fast(a, b, room);
    expect([...found.data]).toEqual([...expected.data]);
    expect(found.data.buffer).toBe(room.buffer);
    expect(await fast(a, b, room.subarray(0, 34))).toEqual(expected);
    expect([...(await fast(matrix(2, 0), matrix(3, 0), room)).data]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("takes views, gives zeros for nothing to sum, and refuses other inner sizes", async () => {
    const whole = Float64Array.of(9, 9, 2, 3);
    const view = matrix(1, 2, whole.subarray(2));
    expect((await fast(view, view)).data[0]).toBe(13);
    expect(await fast(matrix(2, 0), matrix(3, 0))).toEqual(matrix(2, 3));
    expect(await fast(matrix(0, 4), matrix(3, 4))).toEqual(matrix(0, 3));
    await expect(fast(matrix(1, 2), matrix(1, 3))).rejects.toThrow(/A has 2 columns, B has 3/);
  });
});
