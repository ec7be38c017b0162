import { describe, expect, it } from "vitest";
import { countingRuntime } from "../../harness/measure/counting.ts";
import type { Tensors } from "../../harness/program/index.ts";
import type { Target } from "../../plugins/models/epg/denoising.ts";
import { type EpgOptions, schema } from "../../plugins/models/epg/options.ts";
import { denoiserOf, denoiserProgram } from "../../plugins/models/epg/samplers/denoiser.ts";
import { resolutionShift } from "../../plugins/models/epg/schedules.ts";
import { eulerReleased, heunReleased, oneStep } from "../../plugins/models/factories.ts";
import { samplingLevels, solverOf } from "../../plugins/models/solvers/choice.ts";
import { type Engine, expectParity } from "./engines.ts";
import { type Case, picked, runsOf } from "./epg.ts";

/** The released loops by the names that results are stored under: solver, levels, target, guidance. */
const KEY = /^(\w+)\.n(\d+)\.(x0|edm)\.cfg([\d.]+)$/;
const SOLVERS: Readonly<Record<string, (steps: number) => EpgOptions["sampler"] | object>> = {
  heun: heunReleased,
  euler: eulerReleased,
  onestep: oneStep,
};

interface Asked {
  readonly key: string;
  readonly options: EpgOptions;
  readonly target: Target;
}

function asked(key: string): Asked {
  const [, solver, steps, target, scale] = KEY.exec(key)!;
  if (!SOLVERS[solver!]) throw new Error(`${key}: no solver of that name`);
  const guidance = Number(scale) === 0 ? null : { scale: Number(scale) };
  const options = schema.parse({ sampler: SOLVERS[solver!]!(Number(steps)), guidance });
  return { key, options, target: target as Target };
}

/** The final x, and the network calls it took. */
async function sampled(engine: Engine, one: Case, { key, options, target }: Asked, tensors: Tensors) {
  const { shape } = one;
  const { sampler, guidance } = options;
  if (guidance?.kind === "autoguidance") throw new Error(`${key}: no case of autoguidance is known`);
  const settings = {
    shape,
    target,
    batchSize: tensors.y!.data.length,
    normalisation: "imagenet",
    clamp: "released",
    guidance: guidance && { ...guidance, poor: null },
  } as const;
  const runtime = countingRuntime(engine);
  const network = await runtime.compile(denoiserProgram(settings), one.weights(), "network");
  const levels = samplingLevels(sampler!, resolutionShift(shape.resolution));
  const start = Float64Array.from(tensors.x_T!.data, (value) => value * levels[0]!);
  const denoise = denoiserOf({ network, poor: null }, settings, Int32Array.from(tensors.y!.data));
  const x = await solverOf(sampler!, resolutionShift(shape.resolution))(denoise, start, levels, () => {
    throw new Error("a deterministic solver asked for noise");
  });
  await network.dispose();
  return { x, calls: runtime.tallies.network.calls };
}

const runs = runsOf(/^samplers$/).flatMap(([title, run]) =>
  Object.keys(run.one.read(run.file).tensors)
    .filter((key) => KEY.test(key))
    .map((key) => [`${title}: ${key}`, { ...run, asked: asked(key) }] as const),
);

describe.skipIf(runs.length === 0)("EPG's samplers (skipped where there are no cases)", () => {
  it.each(runs)("%s", async (_, { one, file, engine, asked }) => {
    const { tensors } = one.read(file);
    const { x, calls } = await sampled(engine, one, asked, tensors);
    const reference = picked(tensors, asked.key);
    expectParity(engine, { [asked.key]: { ...reference[asked.key]!, data: x } }, reference);
    expect(calls).toBe(tensors[`nfe.${asked.key}`]!.data[0]);
  });
});
