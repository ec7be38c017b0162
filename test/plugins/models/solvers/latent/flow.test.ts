/** The solvers of SiT's equations where the answer is known: latents of N(m, s²), each number its own. */
import { describe, expect, test } from "vitest";
import { createStream } from "../../../../../harness/random/index.ts";
import { dopri5 } from "../../../../../plugins/models/solvers/latent/dopri5.ts";
import type { FlowSolver, Velocity } from "../../../../../plugins/models/solvers/latent/flow.ts";
import { odeEuler } from "../../../../../plugins/models/solvers/latent/ode-euler.ts";
import { odeHeun } from "../../../../../plugins/models/solvers/latent/ode-heun.ts";
import { releasedSdeCalls, sde } from "../../../../../plugins/models/solvers/latent/sde.ts";

const [MEAN, DEVIATION] = [2, 0.5];

/** E[x1 − x0 | x_t = x]: x_t has mean t·m and variance t²s² + (1 − t)². */
const velocityAt = (x: number, t: number): number =>
  MEAN + ((t * DEVIATION ** 2 - (1 - t)) / ((t * DEVIATION) ** 2 + (1 - t) ** 2)) * (x - t * MEAN);

/** Of numbers that are an image each, and of the times that it is asked at. */
function gaussian() {
  const times: number[] = [];
  const velocity: Velocity = async (x, t) => {
    times.push(typeof t === "number" ? t : Math.max(...t));
    return x.map((value, i) => velocityAt(value, typeof t === "number" ? t : t[i % t.length]!));
  };
  return { velocity, times };
}

const noNoise = () => {
  throw new Error("a deterministic solver asked for noise");
};

/** The flow takes z to m + s·z. */
async function errorOf(solve: FlowSolver): Promise<number> {
  const x = await solve(gaussian().velocity, Float64Array.of(1.3), 1, noNoise);
  return Math.abs(x[0]! - (MEAN + DEVIATION * 1.3));
}

test.each([
  ["Euler's method", odeEuler, 1, 1],
  ["Heun's method", odeHeun, 2, 2],
] as const)("%s converges by its order, in its calls", async (_, solver, order, callsAStep) => {
  const gain = (await errorOf(solver(64))) / (await errorOf(solver(128)));
  expect(Math.log2(gain)).toBeGreaterThan(order - 0.2);
  expect(Math.log2(gain)).toBeLessThan(order + 0.3);
  const { velocity, times } = gaussian();
  await solver(5)(velocity, Float64Array.of(1), 1, noNoise);
  expect(times).toHaveLength(5 * callsAStep);
  expect(times[0]).toBe(0);
});

describe("dopri5", () => {
  test("keeps its tolerance, two calls and six a step", async () => {
    const { velocity, times } = gaussian();
    const z = Float64Array.from({ length: 64 }, (_, i) => i / 16 - 2);
    const x = await dopri5((x, t) => velocity(x, (t as Float64Array)[0]!), z.slice(), 64, noNoise);
    // Steps of rtol 1e-3 each; the last, which is interpolated, is the loosest.
    x.forEach((value, i) => {
      expect(Math.abs(value - (MEAN + DEVIATION * z[i]!))).toBeLessThan(0.05);
    });
    expect((times.length - 2) % 6).toBe(0);
    expect(times.length).toBeLessThan(100);
  });

  test("an image depends on nothing beside it; the released control, over the batch, does", async () => {
    const run = (x: readonly number[], size: number) =>
      dopri5(gaussian().velocity, Float64Array.from(x), size, noNoise);
    const pair = await run([1.3, 40], 1);
    expect(pair[0]).toBe((await run([1.3], 1))[0]);
    expect((await run([40, 1.3], 1))[0]).toBe(pair[1]);
    expect((await run([1.3, 40], 2))[0]).not.toBe(pair[0]);
  });

  test("is exact where the velocity is a cubic of time, past t = 1 and back", async () => {
    const cubic: Velocity = async (x, t) =>
      x.map((_, i) => 4 * (typeof t === "number" ? t : t[i]!) ** 3 + 0.5);
    const x = await dopri5(cubic, Float64Array.of(7), 1, noNoise);
    expect(x[0]).toBeCloseTo(8.5, 9);
  });

  test("gives up by name where the velocity is no number", async () => {
    const broken: Velocity = async (x, t) =>
      x.map(() => ((typeof t === "number" ? t : t[0]!) > 0.01 ? NaN : 1));
    await expect(dopri5(broken, Float64Array.of(1), 1, noNoise)).rejects.toThrow(
      /dopri5\(\) finds no step at t/,
    );
  });
});

describe.each([
  ["euler", "mean"],
  ["euler", "euler"],
  ["heun", "mean"],
] as const)("the SDE by %s, last step %s", (method, last) => {
  const COUNT = 10_000;
  const normals = (key: string): Float64Array => {
    const drawn = new Float32Array(COUNT);
    createStream(0, key).fillNormal(drawn);
    return Float64Array.from(drawn);
  };
  const solve = (key: string) =>
    sde({ steps: 100, method, last })(gaussian().velocity, normals("start"), 1, (step) =>
      normals(`${key} ${step}`),
    );

  test("ends in the distribution of the data, and forgets where it began", async () => {
    const [x, other] = [[...(await solve("noise"))], await solve("other noise")];
    const mean = x.reduce((sum, value) => sum + value, 0) / COUNT;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT;
    // Standard errors: .005 of the mean, 1.4 % of the variance; a last step of .04 leaves some noise in or takes some.
    expect(Math.abs(mean - MEAN)).toBeLessThan(0.03);
    expect(variance / DEVIATION ** 2).toBeGreaterThan(0.9);
    expect(variance / DEVIATION ** 2).toBeLessThan(1.1);
    const correlation =
      x.reduce((sum, value, i) => sum + (value - MEAN) * (other[i]! - MEAN), 0) / COUNT / DEVIATION ** 2;
    expect(Math.abs(correlation)).toBeLessThan(0.9);
  });

  test("makes half of the calls of the released code, drift and score at once", async () => {
    const { velocity, times } = gaussian();
    await sde({ steps: 250, method, last })(velocity, Float64Array.of(1), 1, () => Float64Array.of(0));
    const calls = method === "heun" ? 499 : 250;
    expect(times).toHaveLength(calls);
    expect(releasedSdeCalls({ steps: 250, method, last })).toBe(2 * calls - (last === "euler" ? 1 : 0));
  });
});
