import { describe, expect, test } from "vitest";
import { countingRuntime } from "../../../../../harness/measure/counting.ts";
import { sizeOf } from "../../../../../harness/program/index.ts";
import { createStream } from "../../../../../harness/random/index.ts";
import { type EpgInput, schema } from "../../../../../plugins/models/epg/options.ts";
import {
  type DenoiserSettings,
  denoiserProgram,
} from "../../../../../plugins/models/epg/samplers/denoiser.ts";
import { createSampler } from "../../../../../plugins/models/epg/samplers/index.ts";
import { networkShape } from "../../../../../plugins/models/epg/sizes.ts";
import * as factories from "../../../../../plugins/models/factories.ts";
import type { SamplerChoice } from "../../../../../plugins/models/solvers/choice.ts";
import { fakeBackend, settings } from "./fake-network.ts";

const choiceOf = (sampler: EpgInput["sampler"]): SamplerChoice => schema.parse({ sampler }).sampler!;

const answer = (x: number, label: number) => 0.3 * Math.tanh(x) + 0.1 * label;

async function sampled(
  sampler: EpgInput["sampler"],
  seeds: readonly number[],
  labels: readonly number[],
  given: Partial<DenoiserSettings> = {},
) {
  const runtime = countingRuntime(fakeBackend(answer));
  const own = { ...settings, ...given, batchSize: seeds.length };
  const made = await createSampler(choiceOf(sampler), own, {}, runtime);
  const streams = seeds.map((seed) => createStream(seed, "sample"));
  return {
    images: await made.sample(streams, labels),
    network: runtime.tallies.network,
    description: made.description,
  };
}

const { heun, heunReleased, euler, eulerReleased, ancestralEuler, eulerSde, edmStochastic, oneStep } =
  factories;

/** Network calls an image without guidance, and with it in (.19, 1.61]. */
const CALLS: readonly (readonly [string, EpgInput["sampler"], number, number])[] = [
  ["heun", heun(32), 63, 75],
  ["heunReleased", heunReleased(32), 62, 74],
  ["euler", euler(32), 32, 38],
  ["eulerReleased", eulerReleased(32), 31, 37],
  ["ancestralEuler", ancestralEuler(32), 32, 38],
  ["eulerSde", eulerSde(32), 32, 38],
  ["edmStochastic", edmStochastic(32, { churn: 0 }), 63, 75],
  ["oneStep", oneStep(), 1, 1],
];

describe.each(CALLS)("%s", (_, sampler, free, guided) => {
  test(`calls the network ${free} times an image, ${guided} with guidance: 75 as published by EDM's form`, async () => {
    expect((await sampled(sampler, [1], [0], { guidance: null })).network.calls).toBe(free);
    expect((await sampled(sampler, [1], [0])).network.calls).toBe(guided);
  });
});

test.each(CALLS)("%s: an image depends on its stream and label alone, whatever the batch", async (_, of) => {
  const few = of!.kind === "oneStep" ? of! : { ...of!, steps: 6 };
  const together = await sampled(few, [1, 2, 3], [0, 1, 2]);
  const alone = await sampled(few, [2], [1]);
  const otherwise = await sampled(few, [3, 2], [0, 1]);
  const size = 3 * 32 * 32;
  expect(together.images.subarray(size, 2 * size)).toEqual(alone.images);
  expect(otherwise.images.subarray(size)).toEqual(alone.images);
  expect(otherwise.images.subarray(0, size)).not.toEqual(together.images.subarray(2 * size));
});

test("a stochastic sampler's noise changes the images", async () => {
  const [plain, churned] = [await sampled(heun(6), [1], [0]), await sampled(edmStochastic(6), [1], [0])];
  expect(plain.images).not.toEqual(churned.images);
});

test("the poor network's calls, multiply-adds and parameters are counted beside the network's", async () => {
  const poorShape = { ...networkShape("tiny", { resolution: 32, classes: 3 }), depth: 1, decoderDepth: 1 };
  const poor = { shape: poorShape, weights: {} };
  const { network } = await sampled(heun(8), [1, 2], [0, 1], {
    guidance: { scale: 2, low: 0, high: null, poor },
  });
  const programs = [settings.shape, poorShape].map((shape) =>
    denoiserProgram({ shape, target: "x0", batchSize: 2 }),
  );
  expect(network.calls).toBe(2 * 15);
  expect(network.macs).toBe(15 * programs.reduce((sum, { macs }) => sum + macs, 0));
  const parameters = programs.flatMap(({ states }) => states.map(({ value }) => sizeOf(value.shape)));
  expect(network.parameters).toBe(parameters.reduce((a, b) => a + b, 0));
});

test("says how it samples", async () => {
  expect((await sampled(edmStochastic(4, { sigmaMax: 40 }), [1], [0])).description).toEqual({
    solver: "edmStochastic",
    steps: 4,
    sigmaMin: 0.002,
    sigmaMax: 40,
    churn: 40,
    churnLow: 0.05,
    churnHigh: 50,
    noiseScale: 1.003,
    sigmaShift: 0.5,
    target: "x0",
    clamp: "range",
    normalisation: "simple",
    guidance: "classifier-free",
    guidanceScale: 2.5,
    guidanceLow: 0.19,
    guidanceHigh: 1.61,
  });
  expect((await sampled(oneStep(), [1], [0], { guidance: null })).description).toMatchObject({
    solver: "oneStep",
    steps: 1,
    guidance: "none",
  });
});
