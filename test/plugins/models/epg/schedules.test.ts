import fc from "fast-check";
import { expect, test } from "vitest";
import {
  annealedTemperature,
  averageDecay,
  consistencyStage,
  interpolatedTemperature,
  nearestLevel,
} from "../../../../plugins/models/epg/schedules.ts";
import {
  karrasLevel,
  karrasLevels,
  SIGMA_MAX,
  SIGMA_MIN,
} from "../../../../plugins/models/solvers/levels.ts";

test("the nearest of all levels is found", () => {
  const levels = karrasLevels(1280);
  fc.assert(
    fc.property(
      fc.double({ min: Math.log(SIGMA_MIN) - 1, max: Math.log(SIGMA_MAX) + 1, noNaN: true }),
      (logSigma) => {
        const sigma = Math.exp(logSigma);
        const distance = (index: number) => Math.abs(levels[index]! - sigma);
        const found = distance(nearestLevel(sigma, levels.length));
        expect(found).toBeLessThanOrEqual(Math.min(...levels.map((_, index) => distance(index))));
      },
    ),
    { numRuns: 100 },
  );
});

test("the grid goes on below its last level", () => {
  expect(karrasLevel(0, 1280)).toBeCloseTo(SIGMA_MAX, 10);
  expect(karrasLevel(1279, 1280)).toBeCloseTo(SIGMA_MIN, 12);
  expect(karrasLevel(1280, 1280)).toBeLessThan(SIGMA_MIN);
});

test("temperatures lie between their ends", () => {
  expect(interpolatedTemperature(SIGMA_MIN, 0.1, 0.2)).toBeCloseTo(0.1, 12);
  expect(interpolatedTemperature(SIGMA_MAX, 0.1, 0.2)).toBeCloseTo(0.2, 12);
  expect(annealedTemperature(0, 600, 0.2, 0.1)).toBeCloseTo(0.2, 12);
  expect(annealedTemperature(400, 600, 0.2, 0.1)).toBeCloseTo(0.1, 12);
  expect(annealedTemperature(500, 600, 0.2, 0.1)).toBe(0.1);
});

test("consistency tuning's stages: one of d₀ steps, then one each d₁", () => {
  const stages = { first: 1, firstLength: 50, length: 100 };
  expect([0, 49, 50, 149, 150, 250].map((step) => consistencyStage(step, stages))).toEqual([
    1, 1, 2, 2, 3, 4,
  ]);
});

test("an average forgets half within its half-life, and follows at once in the beginning", () => {
  expect(averageDecay(0, 100)).toBeCloseTo(0.1, 12);
  expect(averageDecay(1e6, 100) ** 100).toBeCloseTo(0.5, 12);
});
