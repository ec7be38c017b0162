/** Every sampler of a latent model on a small random network: limits that agree, calls, guidance's interval. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Executable } from "../../../../../harness/plugin.ts";
import type { Tensors } from "../../../../../harness/program/index.ts";
import { createStream } from "../../../../../harness/random/index.ts";
import type { DitConfig } from "../../../../../plugins/models/latent/dit.ts";
import model from "../../../../../plugins/models/latent/index.ts";
import { networkProgram } from "../../../../../plugins/models/latent/sampler.ts";
import {
  type SamplerChoice,
  samplerSchema,
  solverOf,
} from "../../../../../plugins/models/solvers/latent/choice.ts";
import { PROCESSES } from "../../../../../plugins/models/solvers/latent/denoiser.ts";
import { type Guidance, guidedNetwork } from "../../../../../plugins/models/solvers/latent/network.ts";
import type { Objective } from "../../../../../plugins/models/solvers/latent/objective.ts";
import type { Pixels } from "../../../../../plugins/models/solvers/solver.ts";
import { compile } from "../../latent/fixtures.ts";

const config: DitConfig = {
  side: 4,
  latentChannels: 4,
  patch: 2,
  width: 32,
  depth: 1,
  heads: 2,
  classes: 3,
  outputChannels: 8,
};
const SIZE = 4 * 4 * 4;
const LABELS = [0, 2];

let network: Executable;
let calls = 0;

beforeAll(async () => {
  const program = networkProgram(config, LABELS.length);
  // Small dense weights where training starts from zeros, so that answers depend on all inputs, gently.
  const state: Tensors = Object.fromEntries(
    program.states.map(({ name, value: { shape } }) => {
      const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
      createStream(1, name).fillNormal(data);
      return [name, { dtype: "float32", shape, data: data.map((value) => 0.1 * value) }];
    }),
  );
  const executable = await compile(program, state);
  network = {
    ...executable,
    run(inputs) {
      calls++;
      return executable.run(inputs);
    },
  };
});

const NONE: Guidance = { scale: 1, channels: 3, low: 0, high: null };

async function sampled(objective: Objective, input: unknown, guidance = NONE) {
  const choice = samplerSchema.parse(input) as SamplerChoice;
  const start = new Float32Array(LABELS.length * SIZE);
  createStream(0, "start").fillNormal(start);
  const noise = (step: number): Pixels => {
    const drawn = new Float32Array(start.length);
    createStream(0, "noise", step).fillNormal(drawn);
    return drawn;
  };
  calls = 0;
  const guided = guidedNetwork(network, config, guidance, PROCESSES[objective].sigmaAt, LABELS);
  const x = await solverOf(choice, objective)(guided, start, SIZE, noise);
  return { x, calls };
}

/** √(Σ(a − b)² / Σb²) */
function distance(a: Pixels, b: Pixels): number {
  let [off, all] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    off += (a[i]! - b[i]!) ** 2;
    all += b[i]! ** 2;
  }
  return Math.sqrt(off / all);
}

test("EDM's Heun and DPM-Solver++ follow a DiT's ODE, whose limit DDIM shares", async () => {
  const limit = (await sampled("diffusion", { kind: "ddim", steps: 1000 })).x;
  const coarse = distance((await sampled("diffusion", { kind: "ddim", steps: 20 })).x, limit);
  for (const kind of ["heun", "dpmSolver"])
    expect(distance((await sampled("diffusion", { kind, steps: 100 })).x, limit), kind).toBeLessThan(
      Math.min(0.01, coarse / 5),
    );
});

test("EDM's Heun, DPM-Solver++ and dopri5 follow a SiT's ODE, whose limit Euler's method shares", async () => {
  const limit = (await sampled("flow", { kind: "odeEuler", steps: 400 })).x;
  for (const choice of [
    { kind: "odeHeun", steps: 50 },
    { kind: "dopri5" },
    // So noisy that noise is all that is seen there, as at t = 0.
    { kind: "heun", steps: 100, sigmaMax: 1000 },
    { kind: "dpmSolver", steps: 200, sigmaMax: 1000 },
  ])
    expect(distance((await sampled("flow", choice)).x, limit), choice.kind).toBeLessThan(0.01);
});

describe("calls", () => {
  test.each([
    ["diffusion", { kind: "ddim", steps: 10 }, 10],
    ["diffusion", { kind: "ddpm", steps: 10 }, 10],
    ["diffusion", { kind: "heun", steps: 10 }, 19],
    ["diffusion", { kind: "dpmSolver", steps: 10 }, 10],
    ["flow", { kind: "heun", steps: 10 }, 19],
    ["flow", { kind: "dpmSolver", steps: 10 }, 10],
    ["flow", { kind: "odeEuler", steps: 10 }, 10],
    ["flow", { kind: "odeHeun", steps: 10 }, 20],
    ["flow", { kind: "sde", steps: 10 }, 10],
    ["flow", { kind: "sde", steps: 10, method: "heun" }, 19],
  ] as const)("%s, %j: %d, twice that with guidance", async (objective, choice, expected) => {
    const plain = await sampled(objective, choice);
    const guided = await sampled(objective, choice, { ...NONE, scale: 1.5 });
    expect([plain.calls, guided.calls]).toEqual([expected, 2 * expected]);
    expect(distance(guided.x, plain.x)).toBeGreaterThan(1e-4);
  });

  test("are not doubled outside guidance's interval", async () => {
    // σ of the flow at t = 0, .1, … .9: ∞, 9, 4, 2.3, 1.5, 1, .67, .43, .25, .11.
    const choice = { kind: "odeEuler", steps: 10 };
    const within = await sampled("flow", choice, { ...NONE, scale: 2, low: 0.3, high: 1.6 });
    expect(within.calls).toBe(10 + 4);
    const outside = await sampled("flow", choice, { ...NONE, scale: 2, low: 20, high: 30 });
    expect(outside).toEqual(await sampled("flow", choice));
  });
});

test("times and noise levels are each other's inverse, between training steps too", () => {
  for (const objective of ["diffusion", "flow"] as const) {
    const { sigmaAt, timeAt } = PROCESSES[objective];
    for (const sigma of [0.0101, 0.3, 1, 17, 157])
      expect(sigmaAt(timeAt(sigma)) / sigma, objective).toBeCloseTo(1, 9);
  }
  const { sigmaAt, timeAt, trained } = PROCESSES.diffusion;
  expect(timeAt(trained![0])).toBe(0);
  expect(timeAt(trained![1])).toBe(999);
  expect(timeAt(sigmaAt(500))).toBeCloseTo(500, 9);
  // ᾱ after the first step is 1 − 1e-4.
  expect(trained![0]).toBeCloseTo(Math.sqrt(1 / (1 - 1e-4) - 1), 12);
});

describe("what cannot be", () => {
  const problem = (options: object): string =>
    model.schema
      .safeParse(options)
      .error!.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
      .join("\n");

  test.each([
    [
      { objective: "flow", sampler: { kind: "ddpm", steps: 9 } },
      /^sampler: ddpm samples .*use odeEuler\(n\)/,
    ],
    [{ sampler: { kind: "sde", steps: 9 } }, /^sampler: sde samples from objective "flow".*use ddim\(n\)/],
    [
      { objective: "flow", sampler: { kind: "dopri5", steps: 9 } },
      /^sampler.steps: dopri5\(\) chooses its own/,
    ],
    [{ sampler: { kind: "heun", steps: 1 } }, /^sampler.steps: .*at least 2/],
    [{ sampler: { kind: "ddim", steps: 0 } }, /^sampler.steps: /],
    [{ objective: "flow", sampler: { kind: "sde", steps: 1 } }, /^sampler.steps: .*at least 2/],
    [{ objective: "flow", sampler: { kind: "odeHeun", steps: 0 } }, /^sampler.steps: /],
    [{ guidance: { scale: 2, low: 1, high: 1 } }, /^guidance.low: the interval is empty/],
    [{ sampler: { kind: "heun", steps: 9, sigmaMax: 1000 } }, /^sampler: σ from 0.01 to 1000 leaves/],
    [{ sampler: { kind: "heun", steps: 9, sigmaMin: 3, sigmaMax: 2 } }, /^sampler.sigmaMin: .*must fall/],
    [
      { objective: "flow", sampler: { kind: "heun", steps: 9, sigmaMin: 90 } },
      /^sampler: the noise levels must fall/,
    ],
    [{ sampler: { kind: "euler", steps: 9 } }, /^sampler.kind: expected oneStep\(\), ddim\(n\)/],
  ])("%j", (options, expected) => {
    expect(problem(options)).toMatch(expected);
  });

  test("what can be is said, where it was not released", () => {
    const told = (options: object) =>
      model.deviations(model.schema.parse(options) as never, { resolution: 32, classes: 4 }).join("\n");
    expect(told({ sampler: { kind: "heun", steps: 9 } })).toMatch(/DiT was released without EDM's Heun/);
    expect(told({ objective: "flow", sampler: { kind: "dopri5" } })).toMatch(/each image's own steps/);
    expect(told({ objective: "flow", sampler: { kind: "sde", steps: 9 } })).toMatch(
      /One network call gives drift/,
    );
    expect(told({ guidance: { scale: 2, high: 3 } })).toMatch(/acts where 0 < σ ≤ 3 alone/);
    expect(told({ objective: "flow" })).not.toMatch(/DiT/);
  });
});

test.each([
  ["diffusion", 999, 157.4],
  ["flow", 1 / 81, 80],
] as const)("one step of %s is the answer to noise alone, at t = %d", async (objective, time, sigma) => {
  const told: number[] = [];
  const silent = async (x: Pixels, t: number | Float64Array) => {
    told.push(t as number);
    expect(Math.hypot(...x) / Math.sqrt(x.length)).toBeCloseTo(
      Math.hypot(1, sigma) / (objective === "flow" ? 81 : Math.hypot(1, sigma)),
      2,
    );
    return new Float64Array(2 * x.length);
  };
  await solverOf({ kind: "oneStep" }, objective)(
    silent,
    new Float64Array(SIZE).fill(1),
    SIZE,
    () => new Float64Array(SIZE),
  );
  expect(told).toHaveLength(1);
  expect(told[0]).toBeCloseTo(time, 6);
});
