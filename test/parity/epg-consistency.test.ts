import { describe, expect, it } from "vitest";
import type { Tensor, Tensors, Tracer } from "../../harness/program/index.ts";
import { frozenJudge } from "../../plugins/models/epg/consistency.ts";
import { consistencyLoss } from "../../plugins/models/epg/losses.ts";
import { recipeOf } from "../../plugins/models/epg/recipes.ts";
import { consistencyLevel, resolutionShift } from "../../plugins/models/epg/schedules.ts";
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

const runs = runsOf(/^consistency-stage\d+$/);

function traced(p: Tracer, { shape, encoder }: Case, batch: Tensors) {
  const n = batch.y!.data.length;
  const judge = frozenJudge(p, "judge/", encoder!.shape, encoder!.projector, n);
  const { c } = recipeOf("L/16").consistency;
  return consistencyLoss(p, p.scope("teacher/", { trainable: false }), shape, judge, c, {
    x0: like(p, "x0", batch.x0!),
    noise: like(p, "noise", batch.noise!),
    labels: like(p, "y", batch.y!),
    from: level(p, "from", n),
    to: level(p, "to", n),
    weight: p.input("weight", [n]),
    teaching: p.input("teaching", []),
  });
}

function inputs(batch: Tensors, stage: number): Tensors {
  const [t, r] = [batch.t_shifted!, batch.r_shifted!];
  const weight = Array.from(t.data, (from, k) => (from === r.data[k] ? 0 : 1 / (from - r.data[k]!)));
  return {
    ...picked(batch, "x0", "noise", "y"),
    ...levelTensors("from", t),
    ...levelTensors("to", r),
    weight: column(weight),
    teaching: { dtype: "float32", shape: [], data: Float64Array.of(stage === 0 ? 0 : 1) },
  };
}

/** The teacher's levels as the schedule gives them. */
function levelsOf({ t_sampled }: Tensors, stage: number, resolution: number): Tensors {
  const r = Array.from(t_sampled!.data, (t) => consistencyLevel(t, stage));
  const shifted = (levels: Tensor["data"] | number[]) =>
    column(Array.from(levels, (sigma) => sigma * resolutionShift(resolution)));
  return { r: column(r), t_shifted: shifted(t_sampled!.data), r_shifted: shifted(r) };
}

/**
 * The frozen encoder's weights lost digits when they were stored as F32 (random digits beyond those move the
 * contrastive term by about 1e-8), so what it takes part in is known as well as values stored as F32.
 */
const inSingle = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      { ...tensor, data: Float32Array.from(tensor.data) },
    ]),
  );

describe.skipIf(runs.length === 0)("EPG's consistency loss (skipped where there are no cases)", () => {
  it.each(runs)("%s: levels, losses, gradients", async (_, { one, file, engine }) => {
    const { tensors, metadata } = one.read(file);
    const stage = Number(metadata.ect_stage);
    const program = traceWithGradients("consistency", (p) => {
      const { denoised, target, distance, contrastive, loss } = traced(p, one, tensors);
      p.output("denoised", denoised);
      p.output("target", target);
      p.output("huber", distance);
      p.output("perceptual", contrastive!);
      return loss;
    });
    const weights = {
      ...one.weights(),
      ...prefixed("teacher/", one.weights("consistency-target-weights")),
      ...prefixed("judge/", one.weights("perceptual-weights")),
    };
    const found = await runOnce(engine, program, weights, inputs(tensors, stage));
    const gradients = gradientsOf(tensors);
    expect([0, Object.keys(one.weights()).length]).toContain(Object.keys(gradients).length);
    expectParity(engine, found, picked(tensors, "denoised", "target", "huber"));
    expectParity(engine, found, inSingle({ ...picked(tensors, "perceptual", "loss"), ...gradients }));
    expectParity(
      engine,
      levelsOf(tensors, stage, one.shape.resolution),
      picked(tensors, "r", "t_shifted", "r_shifted"),
    );
  });
});
