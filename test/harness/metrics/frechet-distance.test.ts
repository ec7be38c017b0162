import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrix, product, transpose } from "../../../harness/linear-algebra/index.ts";
import {
  covarianceOf,
  frechetDistance,
  frechetDistanceOfSamples,
  frechetDistanceOfStatistics,
  jackknifeError,
  meanOf,
  momentsOf,
  normalOfCovariance,
  normalOfFeatures,
  normalOfMoments,
} from "../../../harness/metrics/index.ts";
import { G, R, turns, uniformRows, without } from "./golden.ts";

const between = async (a: typeof R, b: typeof R) =>
  frechetDistance(await normalOfFeatures(a), await normalOfFeatures(b));

describe("frechetDistance", () => {
  it("gives the golden of two uniform sets", async () => {
    expect(await between(R, G)).toBeCloseTo(0.29777993570636, 13);
    const { value } = await frechetDistanceOfSamples(G, await normalOfFeatures(R), turns(64, 8));
    expect(value).toBeCloseTo(0.29777993570636, 13);
  });

  it("is the dimension for unit normals one apart", async () => {
    const d = 64;
    const identity = matrix(d, d);
    for (let i = 0; i < d; i++) identity.data[i * d + i] = 1;
    const [zero, one] = [new Float64Array(d), new Float64Array(d).fill(1)];
    const [a, b] = [
      { mean: zero, covariance: identity },
      { mean: one, covariance: identity },
    ];
    expect(await frechetDistanceOfStatistics(a, b)).toBe(d);
    expect(
      await frechetDistance(
        await normalOfCovariance(zero, identity),
        await normalOfCovariance(one, identity),
      ),
    ).toBe(d);
  });

  it.each([
    ["more samples than dimensions", 64, 16],
    ["fewer", 16, 64],
  ])("is 0 between a set and itself with %s", async (_, n, d) => {
    const rows = uniformRows(n, d, 3, 10);
    expect(Math.abs(await between(rows, rows))).toBeLessThan(1e-9);
    const { value } = await frechetDistanceOfSamples(rows, await normalOfFeatures(rows), turns(n, 4));
    expect(Math.abs(value)).toBeLessThan(1e-9);
  });

  it("agrees between the rows' own factor and a covariance of deficient rank", async () => {
    const [a, b] = [uniformRows(12, 40, 5), uniformRows(20, 40, 6)];
    const viaCovariance = await frechetDistance(
      await normalOfMoments(await momentsOf(a)),
      await normalOfMoments(await momentsOf(b)),
    );
    expect(viaCovariance).toBeCloseTo(await between(a, b), 7);
  });

  it.each([
    ["full rank, in bands", 300, 260, 90],
    ["one of smaller rank", 20, 60, 40],
    ["the other", 60, 20, 40],
    ["both, and little in common", 20, 24, 40],
  ])("is the same from statistics: %s", async (_, n, m, d) => {
    const [a, b] = [uniformRows(n, d, 5), uniformRows(m, d, 6, 1.5)];
    const statistics = async (rows: typeof R) => {
      const moments = await momentsOf(rows);
      return { mean: meanOf(moments), covariance: covarianceOf(moments) };
    };
    const value = await frechetDistanceOfStatistics(await statistics(a), await statistics(b));
    expect(value / (await between(a, b))).toBeCloseTo(1, 9);
  });

  it("keeps nine digits of the trace of spectra over ten decades", async () => {
    const d = 100;
    const statistics = async (seed: number, directions: number) => {
      const rows = uniformRows(300, d, seed);
      for (let i = 0; i < rows.data.length; i++) rows.data[i]! *= 10 ** (-(i % d) / 20);
      const mixed = product(rows, householder(uniformRows(1, d, directions).data));
      return { mean: new Float64Array(d), covariance: covarianceOf(await momentsOf(mixed)) };
    };
    const [a, b] = [await statistics(1, 9), await statistics(2, 9)];
    const exact = await frechetDistance(
      await normalOfCovariance(a.mean, a.covariance),
      await normalOfCovariance(b.mean, b.covariance),
    );
    let trace = 0;
    for (let i = 0; i < d; i++) trace += a.covariance.data[i * d + i]!;
    expect(Math.abs((await frechetDistanceOfStatistics(a, b)) - exact)).toBeLessThan(1e-9 * trace);
  });

  it("is symmetric, and blind to the order of rows and to rotations", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 2, max: 9 }), async (seed, d) => {
        const [a, b] = [uniformRows(7, d, seed), uniformRows(11, d, seed + 1, 2)];
        const value = await between(a, b);
        expect(await between(b, a)).toBeCloseTo(value, 10);
        const reversed = matrix(
          7,
          d,
          Float64Array.from({ length: 7 * d }, (_, i) => a.data[(6 - Math.floor(i / d)) * d + (i % d)]!),
        );
        expect(await between(reversed, b)).toBeCloseTo(value, 10);
        const reflection = householder(uniformRows(1, d, seed + 2).data);
        expect(await between(product(a, reflection), product(b, reflection))).toBeCloseTo(value, 10);
        expect(value).toBeGreaterThan(-1e-10);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["fewer samples than reference rows and dimensions", 18, 24, 40],
    ["more samples than dimensions", 64, 60, 8],
    ["more samples than a reference of few rows", 30, 9, 40],
  ])("leaves each group out as if it had never been, with %s", async (_, n, m, d) => {
    const [samples, rows] = [uniformRows(n, d, 11), uniformRows(m, d, 12, 1.3)];
    const reference = await normalOfFeatures(rows);
    const groups = turns(n, 5);
    const { value, deleteGroup, standardError } = await frechetDistanceOfSamples(samples, reference, groups);
    expect(value).toBeCloseTo(await between(samples, rows), 10);
    expect(deleteGroup).toHaveLength(5);
    for (let g = 0; g < 5; g++) {
      expect(deleteGroup[g]).toBeCloseTo(await between(without(samples, groups, g), rows), 10);
    }
    expect(standardError).toBe(jackknifeError(deleteGroup));
    expect(standardError).toBeGreaterThan(0);
  });

  it("has no error where a left-out group leaves one sample", async () => {
    const two = uniformRows(2, 5, 1);
    const { value, standardError, deleteGroup } = await frechetDistanceOfSamples(
      two,
      await normalOfFeatures(R.cols === 5 ? R : uniformRows(9, 5, 2)),
      turns(2, 2),
    );
    expect(value).toBeGreaterThan(0);
    expect(standardError).toBeNull();
    expect(deleteGroup).toEqual([]);
  });

  it("stays at rounding for samples that are all the same", async () => {
    const same = matrix(
      30,
      50,
      Float64Array.from({ length: 1500 }, (_, i) => 3 + (i % 50) / 7),
    );
    const reference = uniformRows(40, 50, 9);
    const mean = Float64Array.from({ length: 50 }, (_, j) => 3 + j / 7);
    const point = await normalOfCovariance(mean, matrix(50, 50));
    const exact = await frechetDistance(point, await normalOfFeatures(reference));
    const { value } = await frechetDistanceOfSamples(same, await normalOfFeatures(reference), turns(30, 5));
    expect(value / exact).toBeCloseTo(1, 10);
  });

  it.each([8, 40])(
    "refuses statistics with a negative eigenvalue, but not rounding: %s dimensions",
    async (d) => {
      const mean = new Float64Array(d);
      const rows = uniformRows(2 * d, d, 3);
      const good = covarianceOf(await momentsOf(rows));
      const direction = uniformRows(1, d, 9).data;
      const length = direction.reduce((sum, x) => sum + x * x, 0);
      const less = (share: number) =>
        matrix(
          d,
          d,
          good.data.map(
            (x, at) => x - (share * direction[Math.floor(at / d)]! * direction[at % d]!) / length,
          ),
        );
      const bad = { mean, covariance: less(0.08) };
      const smallest =
        /covariance: its smallest eigenvalue is -0\.0\d+; rounding explains none below −\S+e-7/;
      await expect(normalOfCovariance(mean, bad.covariance)).rejects.toThrow(smallest);
      const other = { mean, covariance: good };
      await expect(frechetDistanceOfStatistics(bad, other)).rejects.toThrow(smallest);
      await expect(frechetDistanceOfStatistics(other, bad)).rejects.toThrow(smallest);
      const few = covarianceOf(await momentsOf(uniformRows(Math.ceil(d / 2) + 1, d, 3)));
      const single = { mean, covariance: matrix(d, d, few.data.map(Math.fround)) };
      const exact = await frechetDistanceOfStatistics({ mean, covariance: few }, other);
      expect(await frechetDistanceOfStatistics(single, other)).toBeCloseTo(exact, 3);
    },
  );

  it("takes a dimension that never varies, whose variance comes out as rounding", async () => {
    const rows = uniformRows(50, 3, 2);
    for (let i = 0; i < 50; i++) rows.data[3 * i] = 1 / 3;
    expect(Math.abs(await between(rows, rows))).toBeLessThan(1e-12);
  });

  it("refuses what is no pair of distributions", async () => {
    const reference = await normalOfFeatures(R);
    await expect(normalOfFeatures(uniformRows(1, 4, 1))).rejects.toThrow(/2 samples, got 1/);
    await expect(frechetDistanceOfSamples(uniformRows(9, 4, 1), reference, turns(9, 3))).rejects.toThrow(
      /4-dimensional and 16-dimensional/,
    );
    await expect(frechetDistanceOfSamples(R, reference, turns(63, 3))).rejects.toThrow(/63 for 64/);
    const skew = matrix(2, 2, Float64Array.of(1, 0.5, 0.4, 1));
    await expect(normalOfCovariance(new Float64Array(2), skew)).rejects.toThrow(
      /\(1, 0\) is 0.4, \(0, 1\) is 0.5/,
    );
    const nan = matrix(1, 1, Float64Array.of(Number.NaN));
    await expect(normalOfCovariance(new Float64Array(1), nan)).rejects.toThrow(/dimension 0 is NaN/);
  });
});

/** The reflection 1 − 2·vvᵀ/vᵀv. */
function householder(v: Float64Array) {
  const d = v.length;
  const squares = v.reduce((sum, x) => sum + x * x, 0);
  const q = matrix(d, d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) q.data[i * d + j] = (i === j ? 1 : 0) - (2 * v[i]! * v[j]!) / squares;
  return transpose(q);
}
