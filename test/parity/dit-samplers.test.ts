/** DiT's guidance, samplers and schedules against the released code. */
import { describe, expect, it } from "vitest";
import type { Tensor, Tensors } from "../../harness/program/index.ts";
import { networkProgram } from "../../plugins/models/latent/sampler.ts";
import {
  cleanFrom,
  denoise,
  guide,
  type Numbers,
  type Predict,
  type Solver,
} from "../../plugins/models/solvers/latent/denoise.ts";
import {
  respacedSchedule,
  spaceTimesteps,
  strideTimesteps,
} from "../../plugins/models/solvers/latent/schedule.ts";
import { asFloat, type DitCase, rowsOf, runsOf } from "./dit.ts";
import { compileWith, type Engine, expectParity, float64 } from "./engines.ts";
import { column, picked } from "./epg.ts";

/** What the released code guides. */
const GUIDED_CHANNELS = 3;

/** The network on images of these labels, and on the same without one. */
async function openNetwork(engine: Engine, one: DitCase, y: Tensor) {
  const network = await compileWith(engine, networkProgram(one.config, y.shape[0]!), await one.weights());
  const call = async (x: Tensor, t: Tensor, labels: Tensor): Promise<Numbers> =>
    (await network.run({ x, t, labels })).out!.data as Numbers;
  const nulls: Tensor = { ...y, data: y.data.map(() => one.config.classes) };
  return {
    conditional: (x: Tensor, t: Tensor) => call(x, t, y),
    unconditional: (x: Tensor, t: Tensor) => call(x, t, nulls),
    guided(conditional: Numbers, unconditional: Numbers, scale: number): Numbers {
      const { outputChannels, side } = one.config;
      return guide(conditional, unconditional, scale, GUIDED_CHANNELS, outputChannels, side ** 2);
    },
    dispose: () => network.dispose(),
  };
}

const guided = runsOf(/^forward_with_cfg$/);

describe.skipIf(guided.length === 0)("DiT's guidance (skipped where there are no cases)", () => {
  it.each(guided)("%s: both halves", async (_, { one, file, engine }) => {
    const { tensors: reference } = one.read(file);
    const { outputChannels, side } = one.config;
    const network = await openNetwork(engine, one, reference.y!);
    const [x, t] = [reference.x!, asFloat(reference.t!)];
    const conditional = await network.conditional(x, t);
    const unconditional = await network.unconditional(x, t);
    await network.dispose();
    const isGuided = (_: number, i: number): boolean =>
      Math.floor(i / side ** 2) % outputChannels < GUIDED_CHANNELS;
    const names = Object.keys(reference).filter((name) => name.startsWith("out"));
    const found = names.map((name) => {
      const [, half, scale] = /^(out|out_null_half)\.cfg([\d.]+)$/.exec(name)!;
      const guided = network.guided(conditional, unconditional, Number(scale));
      const data =
        half === "out" ? guided : guided.map((value, i) => (isGuided(value, i) ? value : unconditional[i]!));
      return [name, { ...reference[name]!, data }] as const;
    });
    expectParity(engine, Object.fromEntries(found), picked(reference, ...names));
  });
});

interface Named {
  readonly solver: Solver;
  readonly timesteps: readonly number[];
  /** 1: no guidance. */
  readonly scale: number;
}

/** "ddpm8", "ddim8.cfg1.5", "ddim8-stride" */
function samplerNamed(name: string): Named {
  const [, solver, steps, stride, scale = "1"] = /^(ddpm|ddim)(\d+)(-stride)?(?:\.cfg([\d.]+))?$/.exec(name)!;
  const timesteps = stride ? strideTimesteps(Number(steps)) : spaceTimesteps([Number(steps)]);
  return { solver: solver as Solver, timesteps, scale: Number(scale) };
}

/** The trajectory, the noisiest first, and what the first step takes the clean latents to be. */
async function sampled(
  engine: Engine,
  one: DitCase,
  reference: Tensors,
  { solver, timesteps, scale }: Named,
) {
  const { z, y, noise } = picked(reference, "z", "y", "noise") as Record<"z" | "y" | "noise", Tensor>;
  const numbers = (data: ArrayLike<number>): Numbers =>
    engine === float64 ? Float64Array.from(data) : Float32Array.from(data);
  const network = await openNetwork(engine, one, y);
  const outputs: Numbers[] = [];
  const predict: Predict = async (data, timestep) => {
    const [x, t] = [{ ...z, data }, column(Array.from(y.data, () => timestep))];
    const conditional = await network.conditional(x, t);
    outputs.push(
      scale === 1 ? conditional : network.guided(conditional, await network.unconditional(x, t), scale),
    );
    return outputs.at(-1)!;
  };
  const [schedule, last, count] = [respacedSchedule(timesteps), timesteps.length - 1, z.data.length];
  const size = count / z.shape[0]!;
  const noiseAt = (step: number): Numbers =>
    numbers(noise.data.subarray((last - step) * count, (last - step + 1) * count));
  const path: Numbers[] = [];
  for await (const x of denoise(predict, schedule, solver, numbers(z.data), size, noiseAt)) path.push(x);
  await network.dispose();
  const parts = outputs[0]!.length / count;
  const clean = numbers(z.data).map((x, i) =>
    cleanFrom(
      x,
      outputs[0]![parts * size * Math.floor(i / size) + (i % size)]!,
      schedule.alphasCumulative[last]!,
    ),
  );
  return { path, clean };
}

const samplers = runsOf(/^samplers$/).flatMap(([title, run]) =>
  Object.keys(run.one.read(run.file).tensors)
    .flatMap((name) => /^(.+)\.final$/.exec(name)?.[1] ?? [])
    // The interpreter takes seconds for what guidance doubles; it has seen guidance itself above.
    .filter((name) => run.engine !== float64 || samplerNamed(name).scale === 1)
    .map((name) => [`${title}: ${name}`, { ...run, name }] as const),
);

describe.skipIf(samplers.length === 0)("DiT's samplers (skipped where there are no cases)", () => {
  it.each(samplers)("%s", async (_, { one, file, engine, name }) => {
    const { tensors: reference } = one.read(file);
    const { path, clean } = await sampled(engine, one, reference, samplerNamed(name));
    const found = {
      [`${name}.x`]: column(path.flatMap((x) => [...x])),
      [`${name}.final`]: column(path.at(-1)!),
      [`${name}.pred_xstart_first`]: column(clean),
    };
    expectParity(engine, found, picked(reference, ...Object.keys(found)));
  });
});

const schedules = rowsOf<Readonly<Record<string, number[]>>>("schedules.json");

describe.skipIf(schedules.length === 0)("DiT's schedules (skipped where there are no cases)", () => {
  it.each(schedules)("respaced by %s", (_, { name: spacing, row: expected }) => {
    const timesteps = spacing.startsWith("ddim")
      ? strideTimesteps(Number(spacing.slice("ddim".length)))
      : spaceTimesteps(spacing.split(",").map(Number));
    const schedule = respacedSchedule(timesteps);
    const { alphasCumulative } = schedule;
    const tables: Readonly<Record<string, ArrayLike<number>>> = {
      betas: schedule.betas,
      alphas_cumprod: alphasCumulative,
      alphas_cumprod_prev: schedule.alphasCumulativePrevious,
      sqrt_recip_alphas_cumprod: alphasCumulative.map((alpha) => Math.sqrt(1 / alpha)),
      sqrt_recipm1_alphas_cumprod: alphasCumulative.map((alpha) => Math.sqrt(1 / alpha - 1)),
      posterior_variance: schedule.posteriorVariance,
      posterior_log_variance_clipped: schedule.posteriorLogVariance,
      posterior_mean_coef1: schedule.startWeight,
      posterior_mean_coef2: schedule.currentWeight,
    };
    expect(timesteps).toEqual(expected.timesteps);
    for (const [name, values] of Object.entries(expected).filter(([key]) => key !== "timesteps"))
      expectParity(float64, { [name]: column(tables[name]!) }, { [name]: column(values) });
  });
});
