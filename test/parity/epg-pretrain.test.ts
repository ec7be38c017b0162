import { describe, expect, it } from "vitest";
import type { Tensors, Tracer } from "../../harness/program/index.ts";
import { pretrainingLoss } from "../../plugins/models/epg/losses.ts";
import { interpolatedTemperature, resolutionShift } from "../../plugins/models/epg/schedules.ts";
import { karrasLevel } from "../../plugins/models/solvers/levels.ts";
import { expectParity, runOnce, traceWithGradients } from "./engines.ts";
import {
  type Case,
  column,
  gradientsOf,
  level,
  levelTensors,
  like,
  picked,
  prefixed,
  runsOf,
} from "./epg.ts";

const runs = runsOf(/^pretrain-(constant|interpolated)-/);

const TARGET = "target/";

function traced(p: Tracer, { encoder }: Case, batch: Tensors) {
  const { shape, projector } = encoder!;
  const target = p.scope(TARGET, { trainable: false });
  const n = batch.noise!.shape[0]!;
  return pretrainingLoss(p, target, shape, projector, "running", {
    clean: like(p, "x_start", batch.x_start!),
    view1: like(p, "x_aug", batch.x_aug!),
    view2: like(p, "x_aug2", batch.x_aug2!),
    noise: like(p, "noise", batch.noise!),
    level: level(p, "t", n),
    nextLevel: level(p, "t2", n),
    lastLevel: level(p, "t0", n),
    temperature: p.input("temperature", []),
  });
}

describe.skipIf(runs.length === 0)("EPG's pre-training (skipped where there are no cases)", () => {
  it.each(runs)("%s: levels, losses, gradients", async (_, { one, file, engine }) => {
    const { tensors, metadata } = one.read(file);
    const { shape } = one.encoder!;
    const [count, index, low, high] = ["N", "index", "tmin_tau", "tmax_tau"].map((name) =>
      Number(metadata[name]),
    ) as [number, number, number, number];
    const sigma = karrasLevel(index, count);
    const temperature = file.includes("interpolated") ? interpolatedTemperature(sigma, low, high) : low;
    const program = traceWithGradients("pretrain", (p) => {
      const { contrastive, consistency, loss } = traced(p, one, tensors);
      p.output("contrastive", contrastive);
      p.output("consistency", consistency);
      return loss;
    });
    const weights = {
      ...one.weights("pretrain-online-weights"),
      ...prefixed(TARGET, one.weights("pretrain-target-weights")),
    };
    const found = await runOnce(engine, program, weights, {
      ...picked(tensors, "x_start", "x_aug", "x_aug2", "noise"),
      ...levelTensors("t", tensors.t!),
      ...levelTensors("t2", tensors.t2!),
      ...levelTensors("t0", tensors.t0!),
      temperature: { dtype: "float32", shape: [], data: Float64Array.of(temperature) },
    });
    const trained = program.states.filter(({ trainable }) => trainable).map(({ name }) => `grad.${name}`);
    expect(Object.keys(gradientsOf(tensors)).sort()).toEqual(trained.sort());
    expectParity(engine, found, {
      ...picked(tensors, "contrastive", "consistency", "loss"),
      ...gradientsOf(tensors),
    });

    const shifted = (i: number) =>
      column(tensors.t!.data.map(() => karrasLevel(i, count) * resolutionShift(shape.resolution)));
    expectParity(
      engine,
      { t: shifted(index), t2: shifted(index + 1), t0: shifted(count - 1) },
      picked(tensors, "t", "t2", "t0"),
    );
  });
});
