import { expect, test } from "vitest";
import { samplerText } from "../../reports/sampler-text.ts";

const HEUN = { solver: "heun", steps: 16, sigmaMin: 0.002, sigmaMax: 80 };

test("tells the noise levels that are passed, and what they follow from", () => {
  expect(samplerText({ ...HEUN, sigmaShift: 0.5, clamp: "range" })).toBe(
    "solver heun, steps 16, clamp range, σ 0.001 to 40 (0.002 to 80, times the resolution's shift of 0.5)",
  );
});

test("says that guidance's bounds are not shifted yet", () => {
  expect(samplerText({ ...HEUN, sigmaShift: 4, guidanceLow: 0.19, guidanceHigh: 1.61 })).toContain(
    "guidanceLow 0.19, guidanceHigh 1.61, σ 0.008 to 320 (0.002 to 80, times the resolution's shift of 4; guidance's bounds are before it)",
  );
});

test("says nothing of a shift that changes nothing", () => {
  expect(samplerText({ ...HEUN, sigmaShift: 1 })).toBe("solver heun, steps 16, σ 0.002 to 80");
  expect(samplerText(HEUN)).toBe("solver heun, steps 16, σ 0.002 to 80");
});

test("has the other settings as they are", () => {
  expect(samplerText({ solver: "ddim", steps: 31, clamp: false })).toBe("solver ddim, steps 31, clamp false");
  expect(samplerText({})).toBe("");
});
