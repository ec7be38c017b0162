import { describe, expect, test } from "vitest";
import type { Stage } from "../../../../harness/plugin.ts";
import { peakBytes, type Tensor, type Tensors, trace } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";
import { consistencyTuningStage } from "../../../../plugins/models/epg/consistency.ts";
import { diffusionStage, type FineTuningSettings } from "../../../../plugins/models/epg/diffusion.ts";
import { consistencyLoss } from "../../../../plugins/models/epg/losses.ts";
import { levelInputs } from "../../../../plugins/models/epg/pretraining.ts";
import { recipeOf } from "../../../../plugins/models/epg/recipes.ts";
import { consistencyLevel, resolutionShift } from "../../../../plugins/models/epg/schedules.ts";
import { networkShape, projectorShape } from "../../../../plugins/models/epg/sizes.ts";
import { karrasLevel, SIGMA_MIN } from "../../../../plugins/models/solvers/levels.ts";
import { contextOf, TASK } from "./stage-context.ts";

const BATCH = 64;
const STEPS = 80;
const SHIFT = resolutionShift(TASK.resolution);
const shape = networkShape("tiny", TASK);
const numbers = (tensors: Tensors, name: string): number[] => [...tensors[name]!.data];

const settingsOf = (changes: Partial<FineTuningSettings> = {}): FineTuningSettings => ({
  name: "fine-tuning",
  shape,
  recipe: recipeOf("tiny"),
  batchSize: BATCH,
  steps: null,
  share: 1,
  pretrained: true,
  ...changes,
});
const batchOf = (stage: Stage, step: number): Promise<Tensors> =>
  stage.batches(contextOf(stage.batchSize, STEPS), {})(step);

describe("diffusion", () => {
  const released = recipeOf("XL/16");
  const stage = diffusionStage(settingsOf({ recipe: released }));

  test("in micro-batches loses and learns as in one, and needs less memory", async () => {
    const settings = settingsOf({ batchSize: 8 });
    const [whole, parts] = [diffusionStage(settings), diffusionStage({ ...settings, microBatch: 2 })];
    const peak = (microBatch: number) =>
      peakBytes(diffusionStage(settingsOf({ batchSize: 512, microBatch })).program);
    expect(peak(64)).toBeLessThan(0.6 * peak(512));
    const state = initialState(whole.program, createStream(3));
    const backend = await onnxruntime.open({ threads: 1 } as never);
    const found: Tensors[] = [];
    for (const { program } of [whole, parts]) {
      const executable = await backend.compile(program, state);
      for (let step = 0; step < 2; step++) found.push(await executable.run(await batchOf(whole, step)));
      await executable.dispose();
    }
    // The second loss is of weights that the first gradients changed.
    for (const step of [0, 1])
      expect(numbers(found[step + 2]!, "loss")[0]! / numbers(found[step]!, "loss")[0]!).toBeCloseTo(1, 5);
  });

  test("levels lie on the grid of 1280, weights are one over the gap below, unshifted", async () => {
    const made = await batchOf(stage, 0);
    const weights = numbers(made, "weight");
    numbers(made, "levelSigma").forEach((sigma, k) => {
      const grid = Array.from({ length: 1280 }, (_, i) => karrasLevel(i, 1280));
      const nearest = grid.reduce(
        (best, level, i) =>
          Math.abs(level - sigma / SHIFT) < Math.abs(grid[best]! - sigma / SHIFT) ? i : best,
        0,
      );
      expect(sigma / SHIFT / grid[nearest]!).toBeCloseTo(1, 6);
      expect(weights[k]! * (grid[nearest]! - karrasLevel(nearest + 1, 1280))).toBeCloseTo(1, 5);
    });
  });

  test("without a loss weight every level counts alike", async () => {
    const recipe = { ...released, diffusion: { ...released.diffusion, lossWeight: "none" as const } };
    const made = await batchOf(diffusionStage(settingsOf({ recipe })), 0);
    expect(numbers(made, "weight")).toEqual(Array.from({ length: BATCH }, () => 1));
  });

  test("ln σ is normal about −1.2 with deviation 1.6, a tenth of the labels dropped", async () => {
    const logs: number[] = [];
    let dropped = 0;
    for (let step = 0; step < 20; step++) {
      const made = await batchOf(stage, step);
      logs.push(...numbers(made, "levelSigma").map((sigma) => Math.log(sigma / SHIFT)));
      dropped += numbers(made, "labels").filter((label) => label === TASK.classes).length;
    }
    const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / logs.length);
    // 1,280 draws: standard errors .045 and .03 of a level's mean and deviation, .008 of the share.
    expect(Math.abs(mean + 1.2)).toBeLessThan(0.18);
    expect(Math.abs(deviation - 1.6)).toBeLessThan(0.13);
    expect(Math.abs(dropped / logs.length - 0.1)).toBeLessThan(0.034);
  });
});

describe("consistency", () => {
  const recipe = recipeOf("tiny");
  const stage = consistencyTuningStage({
    ...settingsOf(),
    size: "tiny",
    projector: projectorShape("tiny"),
  });

  test("the teacher's level follows the stage, the weight is one over the gap, shifted", async () => {
    for (const [step, number] of [
      [0, 1],
      [10, 2],
      [79, 8],
    ] as const) {
      const made = await batchOf(stage, step);
      const [t, r, weight] = [numbers(made, "fromSigma"), numbers(made, "toSigma"), numbers(made, "weight")];
      t.forEach((sigma, k) => {
        const expected = consistencyLevel(sigma / SHIFT, number);
        expect(r[k]! / SHIFT / expected).toBeCloseTo(1, 4);
        expect(sigma / SHIFT).toBeGreaterThanOrEqual(SIGMA_MIN * (1 - 1e-6));
        if (weight[k] !== 0) expect(weight[k]! * (sigma - r[k]!)).toBeCloseTo(1, 2);
      });
      expect(numbers(made, "teaching")).toEqual([1]);
      expect(numbers(made, "labels").filter((label) => label === TASK.classes)).toEqual([]);
    }
  });

  const masked = (batchSize: number) =>
    consistencyTuningStage({
      ...settingsOf({
        batchSize,
        recipe: { ...recipe, consistency: { ...recipe.consistency, dropout: 0.5 } },
      }),
      size: "tiny",
      projector: projectorShape("tiny"),
    });

  test("half of a mask is 0 and half 2, each image's its own whatever the batch", async () => {
    const [many, two] = [(await batchOf(masked(BATCH), 0)).dropout!, (await batchOf(masked(2), 0)).dropout!];
    const kept = [...many.data];
    expect(new Set(kept)).toEqual(new Set([0, 2]));
    expect(Math.abs(kept.filter((value) => value === 2).length / kept.length - 0.5)).toBeLessThan(0.01);
    const size = many.shape[2]! * many.shape[3]!;
    expect([...two.data].slice(0, 2 * size)).toEqual(kept.slice(0, 2 * size));
  });

  test("both points see the same noise and the same mask: at one level, nothing is left to learn", async () => {
    const { program, ...stage } = masked(2);
    const start = initialState(program, createStream(0));
    const random = createStream(1);
    const weights = Object.entries(start).map(([name, tensor]) => {
      const data = Float32Array.from(tensor.data);
      // What starts at zero would hide everything before it.
      if (/^(out|decoder_blocks.*adaLN_modulation.1).weight$/.test(name)) random.fillNormal(data);
      return [name, { ...tensor, data: data.map((value) => value / 2) }] as const;
    });
    const backend = await onnxruntime.open({ threads: 1 } as never);
    const executable = await backend.compile(program, Object.fromEntries(weights));
    const batch = await batchOf({ program, ...stage }, 0);
    const apart = await executable.run(batch);
    await executable.writeState(Object.fromEntries(weights));
    const { toSigma: _, toTime: __, ...rest } = batch;
    const together = await executable.run({ ...rest, toSigma: batch.fromSigma!, toTime: batch.fromTime! });
    await executable.dispose();
    expect(Math.min(...numbers(apart, "distance"))).toBeGreaterThan(0.1);
    expect(Math.max(...numbers(together, "distance"))).toBeLessThan(
      1e-4 * Math.min(...numbers(apart, "distance")),
    );
  });

  test("trains the network alone: the frozen encoder and projector are states that nothing updates", () => {
    const frozen = stage.program.states.filter(({ name }) => name.startsWith("frozen/"));
    expect(frozen.some(({ name }) => name.includes("projection_head"))).toBe(true);
    expect(frozen.filter(({ trainable }) => trainable)).toEqual([]);
    expect(stage.program.updates.filter(({ name }) => name.startsWith("frozen/"))).toEqual([]);
  });

  test("starts from the pre-trained encoder, and keeps it frozen with its projector", () => {
    const tensor = (value: number): Tensor => ({
      dtype: "float32",
      shape: [1],
      data: Float32Array.of(value),
    });
    const pretrained = { "norm.weight": tensor(1), "projection_head.0.weight": tensor(2) };
    const context = { ...contextOf(BATCH, STEPS), previous: { "pre-training": pretrained } };
    expect(stage.start(context)).toEqual({
      "norm.weight": tensor(1),
      "frozen/norm.weight": tensor(1),
      "frozen/projection_head.0.weight": tensor(2),
    });
    expect(diffusionStage(settingsOf()).start(context)).toEqual({ "norm.weight": tensor(1) });
  });

  test("without pre-training there is no contrastive term", () => {
    const alone = trace("alone", (p) => {
      const image = (name: string) => p.input(name, [2, 3, TASK.resolution, TASK.resolution]);
      const { contrastive, loss } = consistencyLoss(p, p, shape, null, 0.06, {
        x0: image("x0"),
        noise: image("noise"),
        labels: p.input("labels", [2], "int32"),
        from: levelInputs(p, "from", 2),
        to: levelInputs(p, "to", 2),
        weight: p.input("weight", [2]),
        teaching: 1,
      });
      expect(contrastive).toBeNull();
      p.output("loss", loss);
    });
    expect(alone.states.every(({ name }) => !name.startsWith("projection_head"))).toBe(true);
  });
});
