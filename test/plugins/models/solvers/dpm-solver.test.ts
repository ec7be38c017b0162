import { describe, expect, test } from "vitest";
import { dpmSolver } from "../../../../plugins/models/solvers/dpm-solver.ts";
import { heun } from "../../../../plugins/models/solvers/heun.ts";
import { karrasLevels } from "../../../../plugins/models/solvers/levels.ts";
import type { Denoiser, Solver } from "../../../../plugins/models/solvers/solver.ts";

/** Where x ~ N(0, s²), the denoiser is linear and the solution known: x(σ) ∝ √(s² + σ²). */
const VARIANCE = 0.25;
const gaussian: Denoiser = async (x, sigma) => x.map((value) => (value * VARIANCE) / (VARIANCE + sigma ** 2));

const noNoise = () => {
  throw new Error("a deterministic solver asked for noise");
};

async function errorOnGaussian(solver: Solver, steps: number): Promise<number> {
  const levels = karrasLevels(steps);
  const x = await solver(gaussian, Float64Array.of(80), levels, noNoise);
  return Math.abs(x[0]! - 80 * Math.sqrt(VARIANCE / (VARIANCE + levels[0]! ** 2)));
}

describe.each(Object.entries({ heun, dpmSolver }))("%s", (_, solver) => {
  test("is of second order: half the steps, four times the error", async () => {
    for (const steps of [64, 128]) {
      const gain = (await errorOnGaussian(solver, steps)) / (await errorOnGaussian(solver, 2 * steps));
      expect(Math.log2(gain)).toBeGreaterThan(1.7);
      expect(Math.log2(gain)).toBeLessThan(2.5);
    }
  });
});

test("DPM-Solver++ by hand: the first step of first order, then two answers, then the last answer itself", async () => {
  const seen: number[] = [];
  const third: Denoiser = async (x, sigma) => {
    seen.push(sigma);
    return x.map((value) => value / 3);
  };
  const x = await dpmSolver(third, Float64Array.of(9), Float64Array.of(8, 4, 2), noNoise);
  // D = 3: 9/2 + 3/2 = 6. D = 2, r = 1: 2 + (2 − 3)/2 = 3/2; 6/2 + (3/2)/2 = 15/4. Then a third of it.
  expect(x[0]).toBeCloseTo(5 / 4, 12);
  expect(seen).toEqual([8, 4, 2]);
});
