import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Matrix,
  matrix,
  nuclearNorm,
  product,
  singularValues,
  symmetricEigenvalues,
  transpose,
} from "../../../harness/linear-algebra/index.ts";
import { uniformRows } from "../metrics/golden.ts";

describe("symmetricEigenvalues", () => {
  it("recovers any spectrum hidden by rotations", async () => {
    const spectrum = fc.array(
      fc.oneof(fc.double({ min: -10, max: 10, noNaN: true }), fc.constantFrom(0, 1)),
      {
        minLength: 1,
        maxLength: 140,
      },
    );
    await fc.assert(
      fc.asyncProperty(spectrum, fc.integer({ min: 0, max: 999 }), async (values, seed) => {
        const n = values.length;
        const [left, right] = [rotation(n, seed), rotation(n, seed + 1000)];
        const q = product(left, right);
        const a = product(product(q, diagonal(values, n, n)), q);
        const found = await symmetricEigenvalues(a);
        const expected = Float64Array.from(values).sort();
        for (let i = 0; i < n; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(1e-13);
      }),
    );
  });

  it.each([1e-160, 1, 1e150])("neither overflows nor vanishes at size %s", async (size) => {
    const a = matrix(
      3,
      3,
      Float64Array.of(2, 1, 0, 1, 2, 1, 0, 1, 2).map((x) => x * size),
    );
    const found = [...(await symmetricEigenvalues(a))].map((x) => x / size);
    [2 - Math.SQRT2, 2, 2 + Math.SQRT2].forEach((x, i) => {
      expect(found[i]).toBeCloseTo(x, 14);
    });
  });

  it("takes empty, zero and one-element matrices, and refuses what is not square", async () => {
    expect([...(await symmetricEigenvalues(matrix(0, 0)))]).toEqual([]);
    expect([...(await symmetricEigenvalues(matrix(3, 3)))]).toEqual([0, 0, 0]);
    expect([...(await symmetricEigenvalues(matrix(1, 1, Float64Array.of(-4))))]).toEqual([-4]);
    await expect(symmetricEigenvalues(matrix(2, 3))).rejects.toThrow(/2×3 matrix: it must be square/);
  });
});

describe("singularValues", () => {
  it("recovers any spectrum hidden by rotations, whatever the shape", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.constantFrom(0, 1, 1e-9)), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.integer({ min: 0, max: 40 }),
        fc.boolean(),
        (values, extra, wide) => {
          const n = values.length;
          const m = n + extra;
          const tall = product(product(rotation(m, m), diagonal(values, m, n)), rotation(n, 7));
          const found = singularValues(wide ? transpose(tall) : tall);
          const expected = Float64Array.from(values).sort().reverse();
          for (let i = 0; i < n; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(1e-13);
        },
      ),
    );
  });

  it("keeps the digits that eigenvalues of A·Aᵀ lose", async () => {
    const values = [1, 1e-5, 1e-10];
    const a = product(product(rotation(3, 1), diagonal(values, 3, 3)), rotation(3, 2));
    const found = singularValues(a);
    values.forEach((x, i) => {
      expect(Math.abs(found[i]! - x)).toBeLessThan(1e-15);
    });
    const squared = await symmetricEigenvalues(product(a, a));
    expect(Math.abs(Math.sqrt(Math.max(squared[0]!, 0)) - 1e-10)).toBeGreaterThan(1e-11);
  });

  it("agrees with NumPy", async (context) => {
    const a = uniformRows(40, 70, 3);
    const symmetric = product(a, a);
    const script =
      "import json,sys,numpy as n;a,s=(n.array(x) for x in json.load(sys.stdin));" +
      "print(json.dumps([n.linalg.svd(a,compute_uv=False).tolist(),n.linalg.eigvalsh(s).tolist()]))";
    const input = JSON.stringify([nested(a), nested(symmetric)]);
    const { status, stdout } = spawnSync("python3", ["-c", script], { input, encoding: "utf8" });
    if (status !== 0) return context.skip("python3 with numpy is not here");
    const [values, eigenvalues] = JSON.parse(stdout) as [number[], number[]];
    const [found, foundEigenvalues] = [singularValues(a), await symmetricEigenvalues(symmetric)];
    values.forEach((x, i) => {
      expect(found[i]).toBeCloseTo(x, 12);
    });
    eigenvalues.forEach((x, i) => {
      expect(foundEigenvalues[i]).toBeCloseTo(x, 10);
    });
  });

  it("sums to the nuclear norm", () => {
    expect(nuclearNorm(diagonal([3, 0, 1], 3, 3))).toBeCloseTo(4, 14);
    expect(nuclearNorm(matrix(0, 4))).toBe(0);
  });
});

/** An orthogonal matrix: one reflection. */
function rotation(n: number, seed: number): Matrix {
  const v = uniformRows(1, n, seed).data;
  const squares = v.reduce((sum, x) => sum + x * x, 0);
  const q = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) q.data[i * n + j] = (i === j ? 1 : 0) - (2 * v[i]! * v[j]!) / squares;
  }
  return q;
}

/** rows×cols, transposed: `product` takes its second factor transposed. */
function diagonal(values: readonly number[], rows: number, cols: number): Matrix {
  const a = matrix(cols, rows);
  values.forEach((x, i) => {
    a.data[i * rows + i] = x;
  });
  return a;
}

function nested(a: Matrix): number[][] {
  return Array.from({ length: a.rows }, (_, i) => [...a.data.subarray(i * a.cols, (i + 1) * a.cols)]);
}
