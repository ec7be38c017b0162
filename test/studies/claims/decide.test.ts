import { describe, expect, it } from "vitest";
import { flopsToReach, judged, toEqualFd, verdictOf } from "../../../studies/claims/decide.ts";

describe("the decision rule", () => {
  it("is Student's interval with two degrees of freedom for three seeds", () => {
    // Mean 2, s = 1: 2 ± 4.3027·1/√3 (t table, df 2, two-sided 95 %).
    const found = judged([1, 2, 3])!;
    expect(found.mean).toBeCloseTo(2, 12);
    expect(found.interval[0]).toBeCloseTo(2 - 4.30265 / Math.sqrt(3), 4);
    expect(found.interval[1]).toBeCloseTo(2 + 4.30265 / Math.sqrt(3), 4);
  });

  it("goes by the interval, not by the mean", () => {
    expect(verdictOf(judged([1, 2, 3]))).toBe("not decided");
    expect(verdictOf(judged([1.8, 2, 2.2]))).toBe("supported");
    expect(verdictOf(judged([-1.8, -2, -2.2]))).toBe("contradicted");
  });

  it("decides nothing where a seed is missing or alone", () => {
    expect(judged([2, 2.1, null])).toBeNull();
    expect(judged([2])).toBeNull();
    expect(judged([])).toBeNull();
    expect(verdictOf(null)).toBe("not decided");
  });
});

describe("FLOPs to an FD", () => {
  const curve = [
    { flops: 1, fd: 100 },
    { flops: 4, fd: 60 },
    { flops: 16, fd: 40 },
  ];

  it("lies between two points by the logarithm of the FLOPs", () => {
    // Half of the way from 100 to 60: √(1·4).
    expect(flopsToReach(curve, 80)).toEqual({ flops: 2, isBound: false });
    expect(flopsToReach(curve, 40)).toEqual({ flops: 16, isBound: false });
  });

  it("is a bound where the first point is there already, and unknown where none is", () => {
    expect(flopsToReach(curve, 100)).toEqual({ flops: 1, isBound: true });
    expect(flopsToReach(curve, 39)).toBeNull();
  });

  it("is where the curve comes down for good", () => {
    const bumpy = [{ flops: 0.5, fd: 50 }, ...curve, { flops: 64, fd: 70 }, { flops: 256, fd: 50 }];
    expect(flopsToReach(bumpy, 60)!.flops).toBeCloseTo(128, 12);
    expect(flopsToReach(bumpy, 70)!.flops).toBeCloseTo(4 ** 0.75, 12);
    expect(flopsToReach(bumpy, 49)).toBeNull();
  });

  it("compares two curves where the worse of them ends", () => {
    const worse = [
      { flops: 1, fd: 120 },
      { flops: 16, fd: 80 },
    ];
    const found = toEqualFd(curve, worse)!;
    expect(found.fd).toBe(80);
    expect(found.a.flops).toBeCloseTo(2, 12);
    expect(found.b).toEqual({ flops: 16, isBound: false });
    expect(found.logRatio).toBeCloseTo(Math.log(8), 12);
    expect(toEqualFd(worse, curve)!.logRatio).toBeCloseTo(-Math.log(8), 12);
  });

  it("has no ratio of two bounds, and none without points", () => {
    const rising = [
      { flops: 1, fd: 10 },
      { flops: 2, fd: 50 },
    ];
    const flat = [
      { flops: 1, fd: 20 },
      { flops: 2, fd: 30 },
    ];
    const found = toEqualFd(rising, flat)!;
    expect(found).toMatchObject({ fd: 50, a: { isBound: true }, b: { isBound: true }, logRatio: null });
    expect(toEqualFd([], flat)).toBeNull();
  });
});
