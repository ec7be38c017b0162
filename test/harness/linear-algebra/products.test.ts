import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  congruence,
  featureMatrix,
  lowerFactor,
  type Matrix,
  matrix,
  product,
  rowRange,
  selectRows,
  semidefiniteFactor,
  singularValues,
  solvePositiveDefinite,
  squaredDistanceTiles,
  transpose,
} from "../../../harness/linear-algebra/index.ts";
import { uniformRows } from "../metrics/golden.ts";

const size = fc.integer({ min: 0, max: 70 });

describe("product", () => {
  it("is every dot product of rows, summed first to last", () => {
    fc.assert(
      fc.property(size, fc.integer({ min: 0, max: 9 }), size, (m, k, n) => {
        const [a, b] = [uniformRows(m, k, 1), uniformRows(n, k, 2)];
        expect(product(a, b)).toEqual(dots(a, b));
        expect(product(a, a)).toEqual(dots(a, a));
      }),
    );
  });

  it("refuses other inner sizes", () => {
    expect(() => product(matrix(1, 2), matrix(1, 3))).toThrow(/A has 2 columns, B has 3/);
  });
});

describe("squaredDistanceTiles", () => {
  it("covers every pair once, exactly 0 between equal rows", async () => {
    const a = uniformRows(1030, 3, 1, 1e4);
    const b = selectRows(a, [5, 1029, 0]);
    const found = matrix(1030, 3);
    for await (const { rowStart, columnStart, distances } of squaredDistanceTiles(a, b)) {
      for (let i = 0; i < distances.rows; i++) {
        for (let j = 0; j < 3; j++) {
          found.data[(rowStart + i) * 3 + columnStart + j]! += 1 + distances.data[i * 3 + j]!;
        }
      }
    }
    for (let i = 0; i < 1030; i++) {
      for (let j = 0; j < 3; j++) {
        let expected = 0;
        for (let k = 0; k < 3; k++) expected += (a.data[i * 3 + k]! - b.data[j * 3 + k]!) ** 2;
        const distance = found.data[i * 3 + j]! - 1;
        if (expected === 0) expect(distance).toBe(0);
        else expect(distance / expected).toBeCloseTo(1, 8);
      }
    }
  });

  it("keeps small distances between long rows", async () => {
    const a = matrix(1, 2, Float64Array.of(1e8, 1));
    const b = matrix(1, 2, Float64Array.of(1e8, 1.5));
    for await (const { distances } of squaredDistanceTiles(a, b)) expect(distances.data[0]).toBe(0.25);
  });
});

describe("factors", () => {
  it("L of L·Q has the Gram matrix of A", () => {
    const a = uniformRows(13, 30, 4);
    close(dots(lowerFactor(a), lowerFactor(a)), dots(a, a), 12);
    const rows = [1, 5, 12];
    const part = singularValues(selectRows(lowerFactor(a), rows));
    singularValues(selectRows(a, rows)).forEach((x, i) => {
      expect(part[i]).toBeCloseTo(x, 12);
    });
    expect(() => lowerFactor(matrix(3, 2))).toThrow(/rows ≤ columns, got 3×2/);
  });

  it.each([30, 6, 1])("FᵀF is a covariance of rank %s", async (rank) => {
    const rows = transpose(uniformRows(rank, 20, 5));
    const covariance = dots(rows, rows);
    const { factor, remainder } = await semidefiniteFactor(covariance);
    expect(remainder).toBeLessThan(1e-11);
    expect(factor.rows).toBe(Math.min(rank, 20));
    close(dots(transpose(factor), transpose(factor)), covariance, 11);
  });

  it.each([128, 150])("is found in blocks, its rows graded: rank %s of 150", async (rank) => {
    const rows = transpose(uniformRows(rank, 150, 5));
    const covariance = dots(rows, rows);
    const { factor, remainder } = await semidefiniteFactor(covariance);
    expect(remainder).toBeLessThan(1e-11);
    expect(factor.rows).toBe(rank);
    close(dots(transpose(factor), transpose(factor)), covariance, 11);
    const pivots = Array.from({ length: rank }, (_, i) =>
      Math.max(...factor.data.subarray(i * 150, (i + 1) * 150)),
    );
    expect(pivots).toEqual(pivots.toSorted((x, y) => y - x));
  });

  it("of a zero matrix has no rows", async () => {
    expect(await semidefiniteFactor(matrix(4, 4))).toEqual({ factor: matrix(0, 4), remainder: 0 });
  });

  it("stops at the noise of rounding to float32, and leaves what is negative", async () => {
    const rows = transpose(uniformRows(20, 150, 5));
    const exact = dots(rows, rows);
    const rounded = matrix(150, 150, exact.data.map(Math.fround));
    const { factor, remainder } = await semidefiniteFactor(rounded);
    expect(factor.rows).toBeLessThan(30);
    close(dots(transpose(factor), transpose(factor)), exact, 5);
    expect(remainder).toBeLessThan(1e-5);
    const indefinite = matrix(2, 2, Float64Array.of(1, 2, 2, 1));
    expect((await semidefiniteFactor(indefinite)).remainder).toBe(3);
  });

  it("solves positive definite systems, and refuses others", () => {
    const rows = uniformRows(25, 40, 6);
    const a = dots(rows, rows);
    const x = uniformRows(25, 3, 7);
    close(solvePositiveDefinite(a, dots(a, transpose(x))), x, 7);
    const indefinite = matrix(2, 2, Float64Array.of(1, 2, 2, 1));
    expect(() => solvePositiveDefinite(indefinite, matrix(2, 1))).toThrow(/pivot 1 of 2 is -3/);
  });
});

describe("congruence", () => {
  it.each([
    ["a factor of full rank, in strips", 300, 300],
    ["a factor of smaller rank", 20, 300],
    ["a factor with no zeros", 0, 30],
  ])("is F·A·Fᵀ: %s", async (_, rank, d) => {
    const rows = transpose(uniformRows(rank, d, 5, 0.05));
    const factor = rank > 0 ? (await semidefiniteFactor(dots(rows, rows))).factor : uniformRows(2 * d, d, 6);
    const other = transpose(uniformRows(d + 3, d, 7, 0.05));
    const a = dots(other, other);
    const found = await congruence(factor, a);
    close(found, dots(dots(factor, a), factor), 8);
  });
});

describe("featureMatrix", () => {
  it("names what is not a finite number", () => {
    expect(() => featureMatrix("samples", Float32Array.of(1, 2, 3, Number.NaN), 2)).toThrow(
      "samples: row 1, dimension 1 is NaN",
    );
    expect(() => featureMatrix("samples", Float32Array.of(1, 2, 3), 2)).toThrow(
      /3 numbers are no whole rows of 2/,
    );
    expect(rowRange(featureMatrix("x", Float32Array.of(1, 2, 3, 4), 2), 1, 2)).toEqual(
      matrix(1, 2, Float64Array.of(3, 4)),
    );
  });
});

function dots(a: Matrix, b: Matrix): Matrix {
  const out = matrix(a.rows, b.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      for (let k = 0; k < a.cols; k++) {
        out.data[i * b.rows + j]! += a.data[i * a.cols + k]! * b.data[j * a.cols + k]!;
      }
    }
  }
  return out;
}

function close(a: Matrix, b: Matrix, digits: number): void {
  expect([a.rows, a.cols]).toEqual([b.rows, b.cols]);
  a.data.forEach((x, i) => {
    expect(x).toBeCloseTo(b.data[i]!, digits);
  });
}
