import { describe, expect, test } from "vitest";
import { createStream } from "../../../../../harness/random/index.ts";
import { ancestralEuler } from "../../../../../plugins/models/epg/samplers/ancestral-euler.ts";
import { edmStochastic } from "../../../../../plugins/models/epg/samplers/edm-stochastic.ts";
import { euler, eulerReleased } from "../../../../../plugins/models/epg/samplers/euler.ts";
import { eulerSde } from "../../../../../plugins/models/epg/samplers/euler-sde.ts";
import { heun, heunReleased } from "../../../../../plugins/models/solvers/heun.ts";
import { karrasLevels } from "../../../../../plugins/models/solvers/levels.ts";
import type { Denoiser, Solver } from "../../../../../plugins/models/solvers/solver.ts";

const CHURN = { churn: 40, churnLow: 0.05, churnHigh: 50, noiseScale: 1 };

/** Where x ~ N(0, s²), the denoiser is linear and the solution known: x(σ) ∝ √(s² + σ²). */
const VARIANCE = 0.25;
const gaussian: Denoiser = async (x, sigma) => x.map((value) => (value * VARIANCE) / (VARIANCE + sigma ** 2));

const noNoise = () => {
  throw new Error("a deterministic solver asked for noise");
};

/** Unit normals of a stream an image; here an image is a number. */
function normals(count: number, key: string): Float64Array {
  const drawn = new Float32Array(count);
  createStream(0, key).fillNormal(drawn);
  return Float64Array.from(drawn);
}

async function errorOnGaussian(solver: Solver, steps: number): Promise<number> {
  const levels = karrasLevels(steps);
  const x = await solver(gaussian, Float64Array.of(80), levels, noNoise);
  return Math.abs(x[0]! - 80 * Math.sqrt(VARIANCE / (VARIANCE + levels[0]! ** 2)));
}

test("Heun converges with the square of the steps, Euler with the steps", async () => {
  const gain = async (solver: Solver) =>
    (await errorOnGaussian(solver, 64)) / (await errorOnGaussian(solver, 128));
  expect(await gain(heun)).toBeGreaterThan(3);
  expect(await gain(euler)).toBeGreaterThan(1.7);
  expect(await gain(euler)).toBeLessThan(2.4);
});

const STOCHASTIC = { ancestralEuler, eulerSde, edmStochastic: edmStochastic(CHURN) };

describe.each(Object.entries(STOCHASTIC))("%s", (_, solver) => {
  const COUNT = 10_000;
  const levels = karrasLevels(256);
  const start = normals(COUNT, "start").map((z) => z * Math.sqrt(VARIANCE + levels[0]! ** 2));
  const solve = (key: string) =>
    solver(gaussian, start.slice(), levels, (step) => normals(COUNT, `${key} ${step}`));

  test("ends in the distribution of the data, and forgets where it began", async () => {
    const x = [...(await solve("noise"))];
    const mean = x.reduce((sum, value) => sum + value, 0) / COUNT;
    const variance = x.reduce((sum, value) => sum + value ** 2, 0) / COUNT;
    // Standard errors: .5/√10,000 = .005 of the mean, 1.4 % of the variance; 256 steps of first order take some per cent of it.
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(variance / VARIANCE).toBeGreaterThan(0.9);
    expect(variance / VARIANCE).toBeLessThan(1.1);
    const other = await solve("other noise");
    const correlation = x.reduce((sum, value, i) => sum + value * other[i]!, 0) / COUNT / VARIANCE;
    expect(Math.abs(correlation)).toBeLessThan(0.9);
  });

  test("the same noise gives the same images, in the precision it starts from", async () => {
    const few = karrasLevels(4);
    const run = (x: Float32Array | Float64Array) =>
      solver(gaussian, x, few, (step) => normals(3, `few ${step}`));
    expect(await run(Float64Array.of(1, 2, 3))).toEqual(await run(Float64Array.of(1, 2, 3)));
    expect(await run(Float32Array.of(1, 2, 3))).toBeInstanceOf(Float32Array);
    expect(await run(Float64Array.of(1, 2, 3))).toBeInstanceOf(Float64Array);
  });
});

test("one step of each, by hand", async () => {
  const levels = Float64Array.of(4, 2);
  const seen: number[] = [];
  const half: Denoiser = async (x, sigma) => {
    seen.push(sigma);
    return x.map((value) => value / 2);
  };
  const from8 = (solver: Solver) => solver(half, Float64Array.of(8), levels, () => Float64Array.of(1));
  // d = (8 − 4)/4 = 1 at σ = 4; the last answer is half of what the step to σ = 2 gives.
  expect((await from8(eulerReleased))[0]).toBeCloseTo(8 - 2, 12);
  expect((await from8(euler))[0]).toBeCloseTo(6 / 2, 12);
  // d = (6 − 3)/2 = 1.5 at the guess; their mean 1.25.
  expect((await from8(heunReleased))[0]).toBeCloseTo(8 - 2.5, 12);
  // Down to 2²/4 = 1, up by √(4 − 1).
  expect((await from8(ancestralEuler))[0]).toBeCloseTo((8 - 3 + Math.sqrt(3)) / 2, 12);
  // Twice the slope, and √(2·4·2) of noise.
  expect((await from8(eulerSde))[0]).toBeCloseTo((8 - 4 + 4) / 2, 12);
  seen.length = 0;
  await from8(edmStochastic({ ...CHURN, churn: 0.4 }));
  // γ = .4/2 at σ = 4 and at σ = 2: the slope is taken above the level, the correction at the next.
  expect(seen.map((sigma) => sigma.toFixed(12))).toEqual([4.8, 2, 2.4].map((sigma) => sigma.toFixed(12)));
});

test("EDM's stochastic sampler churns within its interval only and at most by √2, and is Heun without churn", async () => {
  const levels = karrasLevels(8);
  const seen: number[] = [];
  const watching: Denoiser = (x, sigma) => {
    seen.push(sigma);
    return gaussian(x, sigma);
  };
  const start = Float64Array.of(80, -40);
  const churned = (settings: Partial<typeof CHURN>) =>
    edmStochastic({ ...CHURN, ...settings })(watching, start.slice(), levels, () => Float64Array.of(1, 1));
  await churned({ churn: 1000 });
  levels.forEach((sigma, i) => {
    const inside = sigma >= 0.05 && sigma <= 50;
    expect(seen[2 * i]! / sigma).toBeCloseTo(inside ? Math.SQRT2 : 1, 12);
  });
  expect(await churned({ churn: 0 })).toEqual(await heun(gaussian, start, levels, noNoise));
});
