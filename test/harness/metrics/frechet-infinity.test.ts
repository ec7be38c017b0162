import { describe, expect, it } from "vitest";
import { frechetInfinity, frechetInfinitySizes } from "../../../harness/metrics/index.ts";

describe("FD∞", () => {
  it("has fifteen sizes, the last that of all samples", () => {
    const sizes = frechetInfinitySizes(50_000);
    expect([sizes.length, sizes[0], sizes.at(-1)]).toEqual([15, 5000, 50_000]);
    expect(frechetInfinitySizes(5)[0]).toBe(2);
    expect(() => frechetInfinitySizes(1)).toThrow(/at least 2 samples, got 1/);
  });

  it("recovers a line over 1/n", () => {
    const sizes = frechetInfinitySizes(400);
    const { value, slope } = frechetInfinity(
      sizes,
      sizes.map((n) => 7 + 300 / n),
    );
    expect(value).toBeCloseTo(7, 11);
    expect(slope).toBeCloseTo(300, 9);
    expect(() => frechetInfinity([3, 3], [1, 2])).toThrow(/different sizes, got 3, 3/);
    expect(() => frechetInfinity([3, 4], [1])).toThrow(/2 sizes, 1 distances/);
  });
});
