import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { trace } from "../../../../harness/program/index.ts";
import { timeEmbedding } from "../../../../plugins/models/epg/positions.ts";
import {
  annealedTemperature,
  averageDecay,
  consistencyLevel,
  consistencyStage,
  curriculumLevels,
  interpolatedTemperature,
  karrasLevel,
  karrasLevels,
  nearestLevel,
  SIGMA_MAX,
  SIGMA_MIN,
  warmupCosine,
} from "../../../../plugins/models/epg/schedules.ts";
import { epgFixtures, readJson } from "./fixtures.ts";
import { runOnce } from "./runner.ts";

const path = join(epgFixtures, "schedules.json");

interface Reference {
  readonly pretrain_N: readonly (readonly [number, number])[];
  readonly warmup_cosine: readonly (readonly [number, number])[];
  readonly karras_32: readonly number[];
  readonly ect_r: readonly (readonly [number, number, number])[];
  readonly timestep_embedding: { readonly t: number[]; readonly dim: number; readonly out: number[][] };
}

describe.skipIf(!existsSync(path))("the released schedules (skipped where they are absent)", () => {
  const reference = existsSync(path) ? (readJson(path) as Reference) : null;

  test("levels over pre-training, 600,000 steps", () => {
    for (const [step, count] of reference!.pretrain_N) expect(curriculumLevels(step, 600_000)).toBe(count);
  });

  test("warm-up and cosine, 10,000 of 1,000,000 steps", () => {
    for (const [step, factor] of reference!.warmup_cosine)
      expect(warmupCosine(step, 10_000, 1_000_000)).toBeCloseTo(factor, 12);
  });

  test("Karras levels", () => {
    const levels = karrasLevels(32);
    reference!.karras_32.forEach((sigma, i) => {
      expect(levels[i]! / sigma).toBeCloseTo(1, 12);
    });
  });

  test("the level a consistency teacher looks at", () => {
    for (const [t, stage, r] of reference!.ect_r) expect(consistencyLevel(t, stage)).toBeCloseTo(r, 10);
  });

  test("the time embedding, of odd width", async () => {
    const { t, dim, out } = reference!.timestep_embedding;
    const program = trace("time", (p) => {
      p.output("out", timeEmbedding(p.input("t", [t.length]), dim));
    });
    const found = await runOnce(
      program,
      {},
      { t: { dtype: "float32", shape: [t.length], data: Float64Array.from(t) } },
    );
    out.flat().forEach((value, i) => {
      // t in float32 has half a unit of 2^-13 at 1,553, and that is the angle's error.
      expect(Math.abs(found.out!.data[i]! - value)).toBeLessThan(1.3e-4);
    });
  });
});

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
