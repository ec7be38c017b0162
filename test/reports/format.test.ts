import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { cost, inOneUnit, quantity } from "../../reports/format.ts";

test.each([
  [{ value: 61.234, standardError: 1.836 }, "61.2 ± 1.8"],
  [{ value: 0.041234, standardError: 0.0024 }, "0.0412 ± 0.0024"],
  [{ value: 342.4, standardError: 10.3 }, "342 ± 10"],
  [{ value: 0.00004, standardError: 0.0003 }, "(0.4 ± 3.0)×10⁻⁴"],
  [{ value: 4.1e-5 }, "4.1×10⁻⁵"],
  [{ value: -0.5, standardError: 0.25 }, "−0.50 ± 0.25"],
  [{ value: -0.00001, standardError: 0.02 }, "0.000 ± 0.020"],
  [{ value: 8.02e13, unit: "FLOP" }, "80.2 TFLOP"],
  [{ value: 1.61e9, unit: "MAC" }, "1.61 GMAC"],
  [{ value: 999, unit: "FLOP" }, "999 FLOP"],
  [{ value: 1000, unit: "FLOP" }, "1 kFLOP"],
  [{ value: 612e6, unit: "byte" }, "612 MB"],
  [{ value: 3_411_264, unit: "parameters" }, "3.411 M"],
  [{ value: 0.051, standardError: 0.001, unit: "s" }, "51.0 ± 1.0 ms"],
  [{ value: 0, unit: "s" }, "0 s"],
  [{ value: 31, unit: "calls" }, "31"],
  [{ value: 123_456 }, "123,456"],
  [{ value: 0.710001, unit: "share" }, "0.71"],
  [{ value: 24.31, standardError: 0, unit: "dB" }, "24.31 dB"],
  [{ value: 201.935526006, standardError: 1e-13 }, "201.9"],
  [{ value: null, unit: "dB" }, "—"],
])("%j", (shown, text) => {
  expect(quantity(shown)).toBe(text);
});

test("one digit of error, where room is short", () => {
  expect(quantity({ value: 0.041234, standardError: 0.0024 }, 1)).toBe("0.041 ± 0.002");
});

test("every finite number has a short text that is one", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  const unit = fc.constantFrom("", "FLOP", "byte", "s", "images/s", "toString");
  fc.assert(
    fc.property(finite, fc.option(finite), unit, (value, error, name) => {
      const text = quantity({ value, standardError: error === null ? null : Math.abs(error), unit: name });
      expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
    }),
  );
});

describe("cost", () => {
  it("says who tells what was not counted, and unknown where nobody does", () => {
    expect(cost({ value: 2e12, unit: "MAC" })).toBe("2 TMAC");
    expect(cost({ value: 2e12, unit: "MAC", told: "declared" })).toBe("2 TMAC (declared)");
    expect(cost({ value: 0, unit: "calls", told: "reported" })).toBe("0 (reported)");
    expect(cost({ value: null, unit: "MAC" })).toBe("unknown");
  });
});

test("a column is told in the unit of its largest cell", () => {
  const cells = inOneUnit([966.1e6, 1.135e9, null].map((value) => ({ value, unit: "MAC" })));
  expect(cells.map((cell) => quantity(cell))).toEqual(["0.9661 GMAC", "1.135 GMAC", "—"]);
  const seconds = inOneUnit([0.9012, 2.105].map((value) => ({ value, unit: "s" })));
  expect(seconds.map((cell) => cost(cell))).toEqual(["0.9012 s", "2.105 s"]);
  expect(inOneUnit([{ value: 0.5, unit: "s" }]).map((cell) => quantity(cell))).toEqual(["500 ms"]);
  expect(inOneUnit([])).toEqual([]);
});

test("the unit is one lower where the smallest would be next to nothing in it", () => {
  const cells = inOneUnit([7.967e18, 7.005e17, 1.279e21, 0].map((value) => ({ value, unit: "FLOP" })));
  expect(cells.map((cell) => quantity(cell))).toEqual([
    "7.967 EFLOP",
    "0.7005 EFLOP",
    "1,279 EFLOP",
    "0 EFLOP",
  ]);
});
