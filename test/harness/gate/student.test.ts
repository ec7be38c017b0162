import { expect, test } from "vitest";
import { studentQuantile, studentUpperTail } from "../../../harness/gate/student.ts";

// Tables: Abramowitz & Stegun 26.10; more digits from R's qt and pt.
test.each([
  [0.975, 1, 12.706204736432095],
  [0.975, 2, 4.302652729911275],
  [0.975, 4, 2.7764451051977987],
  [0.975, 19, 2.093024054408263],
  [0.95, 10, 1.8124611228107335],
  [0.9995, 30, 3.6459586350420214],
])("quantile(%f) with %i degrees of freedom", (p, df, t) => {
  expect(studentQuantile(p, df)).toBeCloseTo(t, 9);
  expect(studentQuantile(1 - p, df)).toBeCloseTo(-t, 9);
});

test("one degree of freedom is the Cauchy distribution, two have a closed form", () => {
  for (const t of [-30, -1.3, 0, 0.4, 2, 1000]) {
    expect(studentUpperTail(t, 1)).toBeCloseTo(0.5 - Math.atan(t) / Math.PI, 12);
    expect(studentUpperTail(t, 2)).toBeCloseTo(0.5 - t / (2 * Math.sqrt(2 + t * t)), 12);
  }
});

test("infinitely many degrees of freedom are the normal distribution", () => {
  expect(studentQuantile(0.975, Number.POSITIVE_INFINITY)).toBeCloseTo(1.959963985, 5);
  expect(studentUpperTail(3, Number.POSITIVE_INFINITY)).toBeCloseTo(0.001349898, 7);
  expect(studentUpperTail(Number.POSITIVE_INFINITY, 5)).toBe(0);
});

test("fractional degrees of freedom, as Welch gives them", () => {
  for (const df of [2.4, 7.3, 38.5]) {
    expect(studentUpperTail(studentQuantile(0.9, df), df)).toBeCloseTo(0.1, 12);
  }
});
