import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  combine,
  exactly,
  exceedanceP,
  holm,
  interval,
  jackknifeError,
  meanOfRepetitions,
  significant,
} from "../../../harness/gate/estimate.ts";

test("the delete-group jackknife of a mean is its ordinary standard error", () => {
  const groups = [3, 1, 4, 1, 5, 9, 2, 6];
  const sum = groups.reduce((a, b) => a + b, 0);
  const leftOut = groups.map((value) => (sum - value) / (groups.length - 1));
  expect(jackknifeError(leftOut)).toBeCloseTo(meanOfRepetitions(groups).standardError, 12);
});

test("intervals: 5 ± t₁₉(97.5 %)·2, and a point where there is no error", () => {
  const [low, high] = interval({ value: 5, standardError: 2, degreesOfFreedom: 19 });
  expect(low).toBeCloseTo(5 - 2 * 2.093024054, 8);
  expect(high).toBeCloseTo(5 + 2 * 2.093024054, 8);
  expect(interval(exactly(5))).toEqual([5, 5]);
  expect(exceedanceP(exactly(5), 5)).toBe(1);
  expect(exceedanceP(exactly(5), 4.9)).toBe(0);
});

test("combine adds variances and follows Welch's degrees of freedom", () => {
  const a = { value: 10, standardError: 3, degreesOfFreedom: 4 };
  const b = { value: 4, standardError: 4, degreesOfFreedom: 9 };
  // 25² / (9²/4 + 16²/9) = 625 / (20.25 + 28.444…) = 12.835…
  expect(combine(a, 1, b, -1)).toEqual({
    value: 6,
    standardError: 5,
    degreesOfFreedom: expect.closeTo(12.8351, 3),
  });
  expect(combine(a, 2, exactly(1), 1)).toMatchObject({ value: 21, standardError: 6, degreesOfFreedom: 4 });
});

test("significant is beyond the 95 % interval", () => {
  expect(significant({ value: -2.1, standardError: 1, degreesOfFreedom: 19 })).toBe(true);
  expect(significant({ value: -2.09, standardError: 1, degreesOfFreedom: 19 })).toBe(false);
  expect(significant(exactly(0))).toBe(false);
});

describe("Holm", () => {
  test("by hand: 0.01·3 and 0.02·2 stand at 0.05, 0.06 does not; order is kept", () => {
    expect(holm([0.06, 0.01, 0.02], 0.05)).toEqual([false, true, true]);
    expect(holm([0.02, 0.02, 0.02], 0.05)).toEqual([false, false, false]);
    expect(holm([], 0.05)).toEqual([]);
  });

  test("is never stricter than Bonferroni and never laxer than no correction", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (p) => {
        for (const [i, rejected] of holm(p).entries()) {
          if (p[i]! <= 0.025 / p.length) expect(rejected).toBe(true);
          if (p[i]! > 0.025) expect(rejected).toBe(false);
        }
      }),
    );
  });
});
