import { describe, expect, test } from "vitest";
import { schema } from "../../../../plugins/models/epg/options.ts";
import {
  consistencyStages,
  optimiserStep,
  recipeFor,
  recipeOf,
} from "../../../../plugins/models/epg/recipes.ts";
import { consistencyStage } from "../../../../plugins/models/epg/schedules.ts";

const released = recipeOf("XL/16");

test("the paper's sizes train as released", () => {
  expect(released).toMatchObject({
    normalisation: "imagenet",
    batchSize: 1024,
    pretraining: {
      learningRate: 2e-4,
      beta1: 0.9,
      beta2: 0.95,
      weightDecay: 0.03,
      clip: null,
      average: { decay: 0.99 },
      targetBatchNorm: "running",
    },
    diffusion: {
      learningRate: 1e-4,
      beta1: 0.9,
      beta2: 0.999,
      weightDecay: 0.01,
      clip: 0.5,
      average: { decay: 0.9999 },
      logSigmaMean: -1.2,
      logSigmaDeviation: 1.6,
      lossWeight: "gap",
    },
    consistency: {
      learningRate: 1e-4,
      beta1: 0.9,
      beta2: 0.99,
      weightDecay: 0.03,
      clip: null,
      average: { decay: 0.9999 },
      dropout: 0.5,
      c: 0.06,
    },
  });
});

describe("a step of a million", () => {
  const at = (step: number) => optimiserStep(released.diffusion, step, 1_000_000);

  test("warms up over 10,000, then falls by half a cosine to 0", () => {
    expect(at(0).learningRate).toBe(0);
    expect(at(5_000).learningRate).toBeCloseTo(0.5e-4, 12);
    expect(at(10_000).learningRate).toBeCloseTo(1e-4, 12);
    expect(at(505_000).learningRate).toBeCloseTo(0.5e-4, 12);
    expect(at(999_999).learningRate).toBeLessThan(1e-15);
  });

  test("of consistency tuning keeps its learning rate for 400,000 steps, then takes .3 and .08 of it", () => {
    const rate = (step: number) => optimiserStep(released.consistency, step, 700_000).learningRate;
    expect(rate(5_000)).toBeCloseTo(0.5e-4, 12);
    expect([10_000, 400_000, 400_001, 500_000, 500_001, 699_999].map(rate)).toEqual(
      [1, 1, 0.3, 0.3, 0.08, 0.08].map((factor) => 1e-4 * factor),
    );
    const small = recipeOf("tiny").consistency;
    expect(optimiserStep(small, 199, 200).learningRate).toBeLessThan(small.learningRate / 1000);
  });

  test("clips the gradient's norm once warm-up is over", () => {
    expect(at(9_999).clip).toBe(Number.POSITIVE_INFINITY);
    expect(at(10_000).clip).toBe(0.5);
    expect(optimiserStep(released.consistency, 10_000, 1_000_000)).not.toHaveProperty("clip");
  });

  test("averages the weights with the released decay, the target's with its own", () => {
    expect(at(0).emaDecay).toBe(0.9999);
    expect(optimiserStep(released.pretraining, 0, 600_000).emaDecay).toBe(0.99);
  });

  test("is in a stage of consistency tuning that changes every 100,000", () => {
    const stages = consistencyStages(released.consistency, 1_000_000);
    const stageAt = (step: number) => consistencyStage(step, stages);
    expect([0, 99_999, 100_000, 199_999, 200_000, 999_999].map(stageAt)).toEqual([1, 1, 2, 2, 3, 10]);
  });
});

test("small sizes scale every schedule with their steps", () => {
  const small = recipeOf("tiny").diffusion;
  for (const total of [200, 2_000]) {
    expect(optimiserStep(small, 0.05 * total, total).learningRate).toBeCloseTo(small.learningRate, 12);
    expect(optimiserStep(small, total / 2, total).learningRate).toBeLessThan(small.learningRate);
    const decay = optimiserStep(small, total - 1, total).emaDecay;
    expect(decay ** (0.05 * total)).toBeCloseTo(0.5, 6);
  }
});

test("what the options say goes before the size's own", () => {
  const recipe = recipeFor(
    schema.parse({
      size: "XL/16",
      batchSize: 8,
      learningRate: 3e-5,
      pretraining: { learningRate: 6e-4, targetBatchNorm: "batch" },
    }),
  );
  expect(recipe).toMatchObject({
    batchSize: 8,
    pretraining: { learningRate: 6e-4, targetBatchNorm: "batch", beta2: 0.95 },
    diffusion: { learningRate: 3e-5 },
    consistency: { learningRate: 3e-5 },
  });
});
