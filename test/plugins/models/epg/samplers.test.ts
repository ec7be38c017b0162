import { expect, test } from "vitest";
import type { Executable } from "../../../../harness/plugin.ts";
import type { Tensors } from "../../../../harness/program/index.ts";
import {
  type DenoiserSettings,
  denoiserOf,
  denoiserProgram,
} from "../../../../plugins/models/epg/samplers/denoiser.ts";
import { euler } from "../../../../plugins/models/epg/samplers/euler.ts";
import { heun } from "../../../../plugins/models/epg/samplers/heun.ts";
import {
  type SamplerChoice,
  samplingLevels,
  solverOf,
} from "../../../../plugins/models/epg/samplers/index.ts";
import type { Solver } from "../../../../plugins/models/epg/samplers/solver.ts";
import { karrasLevels } from "../../../../plugins/models/epg/schedules.ts";
import { networkShape } from "../../../../plugins/models/epg/sizes.ts";

const settings: DenoiserSettings = {
  shape: networkShape("tiny", { resolution: 32, classes: 3 }),
  target: "x0",
  batchSize: 2,
  normalisation: "simple",
  clamp: "range",
  guidance: { scale: 2.5, low: 0.19, high: 1.61 },
};

/** A network that answers with a constant a label, and counts. */
function fakeNetwork(answer: (label: number) => number) {
  const network = { calls: 0 };
  const executable: Executable = {
    program: denoiserProgram(settings),
    async run({ x, labels }: Tensors) {
      network.calls++;
      const size = x!.data.length / labels!.data.length;
      const data = Float32Array.from(x!.data, (_, i) => answer(labels!.data[Math.floor(i / size)]!));
      return { denoised: { ...x!, data } };
    },
    readState: async () => ({}),
    writeState: async () => {},
    dispose: async () => {},
  };
  return { network, executable };
}

const callsOf = async (choice: SamplerChoice, guidance: DenoiserSettings["guidance"]): Promise<number> => {
  const { network, executable } = fakeNetwork(() => 0.1);
  const denoise = denoiserOf(executable, { ...settings, guidance }, Int32Array.of(0, 1));
  await solverOf(choice)(denoise, new Float32Array(2 * 3 * 32 * 32), samplingLevels(choice, 32));
  return network.calls;
};

test("network calls: the published 75 with EDM's last step, 74 as released, 63 and 62 without guidance", async () => {
  expect(await callsOf({ kind: "heun", steps: 32 }, settings.guidance)).toBe(75);
  expect(await callsOf({ kind: "heunReleased", steps: 32 }, settings.guidance)).toBe(74);
  expect(await callsOf({ kind: "heun", steps: 32 }, null)).toBe(63);
  expect(await callsOf({ kind: "heunReleased", steps: 32 }, null)).toBe(62);
  expect(await callsOf({ kind: "euler", steps: 32 }, null)).toBe(32);
  expect(await callsOf({ kind: "eulerReleased", steps: 32 }, null)).toBe(31);
  expect(await callsOf({ kind: "oneStep" }, settings.guidance)).toBe(1);
});

test("guidance extrapolates from the unlabelled answer, inside its interval only, then clamps", async () => {
  const { executable } = fakeNetwork((label) => (label === 3 ? 0.1 : 0.1 * (label + 2)));
  const denoise = denoiserOf(executable, settings, Int32Array.of(0, 1));
  const x = new Float32Array(2 * 3 * 32 * 32);
  const guided = await denoise(x, 1.0 / 2);
  expect(guided[0]).toBeCloseTo(0.1 + 2.5 * 0.1, 6);
  expect(guided.at(-1)).toBeCloseTo(0.1 + 2.5 * 0.2, 6);
  const [below, above] = [await denoise(x, 0.19 / 2), await denoise(x, 1.62 / 2)];
  for (const free of [below, above]) expect(free[0]).toBeCloseTo(0.2, 6);
  const wild = denoiserOf(fakeNetwork(() => 7).executable, settings, Int32Array.of(0, 1));
  expect((await wild(x, 10))[0]).toBe(1);
});

/** Where x ~ N(0, s²) the denoiser is linear and the solution known: x(σ) ∝ √(s² + σ²). */
async function errorOnGaussian(solver: Solver, steps: number): Promise<number> {
  const variance = 0.25;
  const levels = karrasLevels(steps);
  const x = await solver(
    async (noisy, sigma) => noisy.map((value) => (value * variance) / (variance + sigma ** 2)),
    Float32Array.of(80),
    levels,
  );
  const exact = 80 * Math.sqrt(variance / (variance + levels[0]! ** 2));
  return Math.abs(x[0]! - exact);
}

test("Heun converges with the square of the steps, Euler with the steps", async () => {
  const gain = async (solver: Solver) =>
    (await errorOnGaussian(solver, 64)) / (await errorOnGaussian(solver, 128));
  expect(await gain(heun)).toBeGreaterThan(3);
  expect(await gain(euler)).toBeGreaterThan(1.7);
  expect(await gain(euler)).toBeLessThan(2.4);
});
