import { describe, expect, test } from "vitest";
import { type Tensors, trace } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { updateRunningStatistics } from "../../../../plugins/models/epg/layers.ts";
import { pretrainingLoss } from "../../../../plugins/models/epg/losses.ts";
import { type EpgInput, schema } from "../../../../plugins/models/epg/options.ts";
import { levelInputs } from "../../../../plugins/models/epg/pretraining.ts";
import {
  curriculumLevels,
  interpolatedTemperature,
  resolutionShift,
} from "../../../../plugins/models/epg/schedules.ts";
import { networkShape, projectorShape } from "../../../../plugins/models/epg/sizes.ts";
import { karrasLevel } from "../../../../plugins/models/solvers/levels.ts";
import { contextOf, TASK } from "./stage-context.ts";

const BATCH = 3;
const STEPS = 200;

const stageOf = (pretraining: EpgInput["pretraining"] = {}) =>
  model.stages(schema.parse({ batchSize: BATCH, pretraining }), TASK)[0]!;
const batchesOf = (pretraining: EpgInput["pretraining"] = {}, batchSize = BATCH) =>
  stageOf(pretraining).batches(contextOf(batchSize, STEPS), {});
const numbers = (tensors: Tensors, name: string): number[] => [...tensors[name]!.data];

const SHIFT = resolutionShift(TASK.resolution);

/** The index of a shifted level among `count`. */
function indexOf(shifted: number, count: number): number {
  const distances = Array.from({ length: count }, (_, i) =>
    Math.abs(Math.log(karrasLevel(i, count) * SHIFT) - Math.log(shifted)),
  );
  expect(Math.min(...distances)).toBeLessThan(1e-5);
  return distances.indexOf(Math.min(...distances));
}

describe("a step's batch", () => {
  test("has one level for all images, the next one and the last", async () => {
    const batch = batchesOf();
    const seen = new Set<number>();
    for (let step = 0; step < STEPS; step += 2) {
      const made = await batch(step);
      const count = curriculumLevels(step, STEPS);
      const [t, next, last] = ["levelSigma", "nextLevelSigma", "lastLevelSigma"].map((name) => {
        const sigmas = numbers(made, name);
        expect(new Set(sigmas).size).toBe(1);
        return indexOf(sigmas[0]!, count);
      });
      expect(next).toBe(t! + 1);
      expect(last).toBe(count - 1);
      seen.add(t! / (count - 2));
    }
    expect(Math.max(...seen)).toBeGreaterThan(0.95);
    expect(Math.min(...seen)).toBeLessThan(0.05);
  });

  test("is a function of its step alone: asked twice, in any order", async () => {
    const [one, other] = [batchesOf(), batchesOf()];
    const before = await one(5);
    await other(2);
    expect(await other(5)).toEqual(before);
    expect(await one(5)).toEqual(before);
    expect((await one(6)).view1).not.toEqual(before.view1);
  });

  test("draws an image's views, noise and flip whatever the batch size", async () => {
    const [three, six] = [await batchesOf()(0), await batchesOf({}, 6)(0)];
    for (const name of ["clean", "view1", "view2", "noise"])
      expect(numbers(six, name).slice(0, numbers(three, name).length), name).toEqual(numbers(three, name));
  });

  test.each(["constant", "interpolated", "annealed"] as const)("%s temperature", async (temperature) => {
    const batch = batchesOf({ temperature });
    for (const step of [0, 40, 120, 140, 199]) {
      const made = await batch(step);
      const sigma = numbers(made, "levelSigma")[0]! / SHIFT;
      const highest = {
        constant: 0.1,
        interpolated: 0.2,
        annealed: step >= 134 ? 0.1 : 0.1 * Math.cos((Math.PI / 2) * ((1.5 * step) / STEPS + 1)) + 0.2,
      }[temperature];
      const expected = interpolatedTemperature(sigma, 0.1, highest);
      expect(numbers(made, "temperature")[0]).toBeCloseTo(expected, 6);
    }
  });
});

test("the projector's running statistics take in all four online batches, variances unbiased", async () => {
  const shape = networkShape("tiny", TASK);
  const projector = projectorShape("tiny");
  const name = "projection_head.1";
  const program = trace("statistics", (p) => {
    const image = (key: string) => p.input(key, [BATCH, 3, TASK.resolution, TASK.resolution]);
    const target = p.scope("ema/", { trainable: false, copyOf: "" });
    const { loss, statistics } = pretrainingLoss(p, target, shape, projector, "running", {
      clean: image("clean"),
      view1: image("view1"),
      view2: image("view2"),
      noise: image("noise"),
      level: levelInputs(p, "level", BATCH),
      nextLevel: levelInputs(p, "nextLevel", BATCH),
      lastLevel: levelInputs(p, "lastLevel", BATCH),
      temperature: p.input("temperature", []),
    });
    p.output("loss", loss);
    statistics.forEach((batch, i) => {
      p.output(`mean ${i}`, batch.get(name)!.mean);
      p.output(`variance ${i}`, batch.get(name)!.variance);
    });
    updateRunningStatistics(p, statistics, BATCH);
  });
  const { learningRate, correction1, correction2, emaDecay, ...inputs } = await batchesOf()(0);
  const backend = await onnxruntime.open({ threads: 1 } as never);
  const executable = await backend.compile(program, initialState(program, createStream(0)));
  const found = await executable.run(inputs);
  const state = await executable.readState();
  await executable.dispose();

  const count = Object.keys(found).filter((key) => key.startsWith("mean")).length;
  expect(count).toBe(4);
  const after = (start: number, of: (i: number) => number[]): number[] =>
    of(0).map((_, k) =>
      Array.from({ length: count }, (_, i) => of(i)[k]!).reduce((r, x) => 0.9 * r + 0.1 * x, start),
    );
  const expected = {
    running_mean: after(0, (i) => numbers(found, `mean ${i}`)),
    running_var: after(1, (i) => numbers(found, `variance ${i}`).map((v) => (v * BATCH) / (BATCH - 1))),
  };
  for (const [part, values] of Object.entries(expected))
    numbers(state, `${name}.${part}`).forEach((value, k) => {
      expect(value).toBeCloseTo(values[k]!, 5);
    });
  // The released target's never move.
  expect(new Set(numbers(state, `ema/${name}.running_mean`))).toEqual(new Set([0]));
  expect(new Set(numbers(state, `ema/${name}.running_var`))).toEqual(new Set([1]));
});

test("one step moves the target a hundredth of the way, and hands on what was asked for", async () => {
  const stage = stageOf({ weights: "target" });
  const backend = await onnxruntime.open({ threads: 1 } as never);
  const start = initialState(stage.program, createStream(0));
  const executable = await backend.compile(stage.program, start);
  const batch = batchesOf();
  for (let step = 0; step < 3; step++) await executable.run(await batch(step));
  const before = await executable.readState();
  await executable.run(await batch(3));
  const state = await executable.readState();
  await executable.dispose();
  const weight = "blocks.1.mlp.fc1.weight";
  const [target, online] = [numbers(state, `ema/${weight}`), numbers(state, weight)];
  expect(online).not.toEqual(numbers(before, weight));
  numbers(before, `ema/${weight}`).forEach((old, i) => {
    expect(target[i]).toBeCloseTo(0.99 * old + 0.01 * online[i]!, 7);
  });
  expect(numbers(stage.result(state), weight)).toEqual(target);
  expect(numbers(stageOf().result(state), weight)).toEqual(online);
  expect(Object.keys(stage.result(state)).filter((name) => /adam|ema/.test(name))).toEqual([]);
});
