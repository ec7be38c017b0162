/** EPG against numbers computed in float64 from the authors' method: max|Δ|/max|reference| ≤ 1e-4 a tensor in float32. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  adamw,
  adamwInputs,
  type Tensor,
  type Tensors,
  type Tracer,
  trace,
} from "../../../../harness/program/index.ts";
import { frozenJudge } from "../../../../plugins/models/epg/consistency.ts";
import { snap } from "../../../../plugins/models/epg/diffusion.ts";
import { consistencyLoss, denoisingLoss, pretrainingLoss } from "../../../../plugins/models/epg/losses.ts";
import { type NetworkShape, network } from "../../../../plugins/models/epg/network.ts";
import { levelInputs, levelTensors } from "../../../../plugins/models/epg/pretraining.ts";
import { denoiserOf, denoiserProgram } from "../../../../plugins/models/epg/samplers/denoiser.ts";
import {
  type SamplerChoice,
  samplingLevels,
  solverOf,
} from "../../../../plugins/models/epg/samplers/index.ts";
import { interpolatedTemperature, karrasLevel } from "../../../../plugins/models/epg/schedules.ts";
import { casePath, cases, projectorOf, readTensors, shapeOf } from "./fixtures.ts";
import { compile, relativeError, runOnce, traceWithGradients } from "./runner.ts";

const TOLERANCE = 1e-4;

const prefixed = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));

const weightsOf = (name: string, file = "weights"): Tensors =>
  readTensors(casePath(name, `${file}.safetensors`)).tensors;

/** Every output that the reference has, and every gradient the reference has. */
function expectParity(found: Tensors, reference: Tensors): void {
  const shared = Object.keys(reference).filter((name) => name in found);
  const gradients = Object.keys(reference).filter((name) => name.startsWith("grad."));
  for (const name of gradients) expect(shared, name).toContain(name);
  expect(shared.length).toBeGreaterThan(0);
  for (const name of shared)
    expect(relativeError(found[name]!, reference[name]!), name).toBeLessThan(TOLERANCE);
}

/** Gradients this far below their tensor's largest are float32 rounding in a hundredth and more of themselves. */
const SMALL_GRADIENT = 2e-3;

/**
 * AdamW divides a gradient by its own size, so what float32 rounding leaves of a gradient that is nearly zero
 * decides its direction: such elements are bounded absolutely, by lr a step; all others relatively.
 */
function expectUpdateParity(
  key: string,
  found: Tensor,
  reference: Tensor,
  gradient: Tensor,
  lr: number,
): void {
  const largest = (values: ArrayLike<number>) =>
    Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const threshold = SMALL_GRADIENT * largest(gradient.data);
  const scale = largest(reference.data);
  let amplified = 0;
  let worst = 0;
  reference.data.forEach((value, i) => {
    const difference = Math.abs(found.data[i]! - value);
    if (Math.abs(gradient.data[i]!) > threshold) worst = Math.max(worst, difference / scale);
    else amplified = Math.max(amplified, difference);
  });
  expect(worst, key).toBeLessThan(TOLERANCE);
  expect(amplified, key).toBeLessThan(lr);
}

const image = (p: Tracer, name: string, like: Tensor) => p.input(name, like.shape);

const denoisingInputs = (p: Tracer, shape: NetworkShape, batch: number) => {
  const like = [batch, 3, shape.resolution, shape.resolution];
  return denoisingLoss(
    p,
    shape,
    {
      x0: p.input("x0", like),
      noise: p.input("noise", like),
      labels: p.input("y", [batch], "int32"),
      level: levelInputs(p, "level", batch),
    },
    p.input("weight", [batch]),
  );
};

const denoisingTensors = ({ x0, noise, y, sigma, weight }: Record<string, Tensor>): Tensors => ({
  x0: x0!,
  noise: noise!,
  y: y!,
  weight: weight!,
  ...levelTensors("level", [...sigma!.data]),
});

const filesOf = (pattern: RegExp): readonly (readonly [string, string])[] =>
  cases.flatMap((name) =>
    readdirSync(casePath(name, "."))
      .filter((file) => pattern.test(file))
      .map((file) => [name, file] as const),
  );

describe.skipIf(cases.length === 0)("the reference numbers of EPG (skipped where they are absent)", () => {
  test.each(cases)("%s: forward", async (name) => {
    const shape = shapeOf(casePath(name, "config.json"));
    const weights = weightsOf(name);
    const { x, t, y, out } = weightsOf(name, "forward") as Record<string, Tensor>;
    const program = trace("forward", (p) => {
      const labels = p.input("y", y!.shape, "int32");
      p.output("out", network(p, shape, image(p, "x", x!), image(p, "t", t!), labels));
    });
    expect(program.states.map((state) => state.name).sort()).toEqual(Object.keys(weights).sort());
    expectParity(await runOnce(program, weights, { x: x!, t: t!, y: y! }), { out: out! });
  });

  test.each(cases)("%s: denoising loss and all gradients", async (name) => {
    const shape = shapeOf(casePath(name, "config.json"));
    const reference = weightsOf(name, "denoise") as Record<string, Tensor>;
    const batch = reference.y!.data.length;
    const program = traceWithGradients("denoise", (p) => {
      const { denoised, loss } = denoisingInputs(p, shape, batch);
      p.output("denoised", denoised);
      return loss;
    });
    expectParity(await runOnce(program, weightsOf(name), denoisingTensors(reference)), reference);

    const snapped = [...reference.sigma_sampled!.data].map((sigma) => snap(sigma, shape.resolution));
    expect(snapped.map(({ index }) => index)).toEqual([...reference.sigma_index!.data]);
    snapped.forEach(({ sigma, weight }, k) => {
      expect(sigma).toBeCloseTo(reference.sigma!.data[k]!, 9);
      expect(weight / reference.weight!.data[k]!).toBeCloseTo(1, 6);
    });
  });

  test.each(cases)("%s: three AdamW steps", async (name) => {
    const shape = shapeOf(casePath(name, "config.json"));
    const batch = weightsOf(name, "denoise") as Record<string, Tensor>;
    const { tensors: reference, metadata } = readTensors(casePath(name, "train3.safetensors"));
    const [beta1, beta2] = metadata.betas!.split(",").map(Number) as [number, number];
    const program = trace("train", (p) => {
      const { loss } = denoisingInputs(p, shape, batch.y!.data.length);
      p.output("loss", loss);
      adamw(p, loss, {
        beta1,
        beta2,
        epsilon: Number(metadata.eps),
        weightDecay: Number(metadata.weight_decay),
        clip: true,
        ema: true,
      });
    });
    const executable = await compile(program, weightsOf(name));
    const inputs = Object.fromEntries(
      Object.entries(denoisingTensors(batch)).map(([key, tensor]) => [key, toFloat32(tensor)]),
    );
    for (let step = 0; step < reference.loss!.data.length; step++) {
      const { loss, gradientNorm } = await executable.run({
        ...inputs,
        ...adamwInputs({
          step,
          learningRate: Number(metadata.lr),
          beta1,
          beta2,
          clip: Number(metadata.clip),
          emaDecay: Number(metadata.ema),
        }),
      });
      expect(loss!.data[0]! / reference.loss!.data[step]!).toBeCloseTo(1, 4);
      expect(gradientNorm!.data[0]! / reference.grad_norm!.data[step]!).toBeCloseTo(1, 4);
    }
    const state = await executable.readState();
    await executable.dispose();
    for (const [key, tensor] of Object.entries(reference)) {
      const [, part, parameter] = /^(param|ema)\.(.*)$/.exec(key) ?? [];
      if (!parameter) continue;
      const found = state[part === "ema" ? `ema/${parameter}` : parameter]!;
      expectUpdateParity(key, found, tensor, batch[`grad.${parameter}`]!, Number(metadata.lr));
    }
  });

  test.each(filesOf(/^pretrain-(constant|interpolated)-.*\.safetensors$/))(
    "%s: %s: losses and gradients",
    async (name, file) => {
      const { tensors: reference, metadata } = readTensors(casePath(name, file));
      const shape = shapeOf(casePath(name, "pretrain-config.json"));
      const projector = projectorOf(casePath(name, "pretrain-config.json"));
      const like = reference.noise!;
      const batch = like.shape[0]!;
      const [count, index] = [Number(metadata.N), Number(metadata.index)];
      const [low, high] = [Number(metadata.tmin_tau), Number(metadata.tmax_tau)];
      const temperature = file.includes("interpolated")
        ? interpolatedTemperature(karrasLevel(index, count), low, high)
        : low;
      const program = traceWithGradients("pretrain", (p) => {
        const target = p.scope("target/", { trainable: false });
        const { loss, contrastive, consistency } = pretrainingLoss(p, target, shape, projector, "running", {
          clean: image(p, "clean", like),
          view1: image(p, "view1", like),
          view2: image(p, "view2", like),
          noise: image(p, "noise", like),
          level: levelInputs(p, "level", batch),
          nextLevel: levelInputs(p, "next", batch),
          lastLevel: levelInputs(p, "last", batch),
          temperature,
        });
        p.output("contrastive", contrastive);
        p.output("consistency", consistency);
        return loss;
      });
      const found = await runOnce(
        program,
        {
          ...weightsOf(name, "pretrain-online-weights"),
          ...prefixed("target/", weightsOf(name, "pretrain-target-weights")),
        },
        {
          clean: reference.x_start!,
          view1: reference.x_aug!,
          view2: reference.x_aug2!,
          noise: like,
          ...levelTensors("level", [...reference.t!.data]),
          ...levelTensors("next", [...reference.t2!.data]),
          ...levelTensors("last", [...reference.t0!.data]),
        },
      );
      expectParity(found, reference);
    },
  );

  test.each(filesOf(/^consistency-stage\d+\.safetensors$/))("%s: %s", async (name, file) => {
    const { tensors: reference } = readTensors(casePath(name, file));
    const shape = shapeOf(casePath(name, "config.json"));
    const judgeShape = shapeOf(casePath(name, "pretrain-config.json"));
    const projector = projectorOf(casePath(name, "pretrain-config.json"));
    const [t, r] = [[...reference.t_shifted!.data], [...reference.r_shifted!.data]];
    const batch = t.length;
    const program = traceWithGradients("consistency", (p) => {
      const teacher = p.scope("teacher/", { trainable: false });
      const judge = frozenJudge(p, "judge/", judgeShape, projector, batch);
      const { denoised, target, distance, contrastive, loss } = consistencyLoss(
        p,
        teacher,
        shape,
        judge,
        0.06,
        {
          x0: image(p, "x0", reference.x0!),
          noise: image(p, "noise", reference.x0!),
          labels: p.input("y", [batch], "int32"),
          from: levelInputs(p, "from", batch),
          to: levelInputs(p, "to", batch),
          weight: p.input("weight", [batch]),
          teaching: 1,
        },
      );
      p.output("denoised", denoised);
      p.output("target", target);
      p.output("huber", distance);
      p.output("perceptual", contrastive!);
      return loss;
    });
    const found = await runOnce(
      program,
      {
        ...weightsOf(name),
        ...prefixed("teacher/", weightsOf(name, "consistency-target-weights")),
        ...prefixed("judge/", weightsOf(name, "perceptual-weights")),
      },
      {
        x0: reference.x0!,
        noise: reference.noise!,
        y: reference.y!,
        ...levelTensors("from", t),
        ...levelTensors("to", r),
        weight: {
          dtype: "float32",
          shape: [batch],
          data: Float64Array.from(t, (from, k) => (from === r[k] ? 0 : 1 / (from - r[k]!))),
        },
      },
    );
    expectParity(found, reference);
  });

  test.each(cases)("%s: samplers", async (name) => {
    const shape = shapeOf(casePath(name, "config.json"));
    const { tensors } = readTensors(casePath(name, "samplers.safetensors"));
    const settings = Object.keys(tensors).flatMap((key) => {
      const match = /^(heun|euler|onestep)\.n(\d+)\.(x0|edm)\.cfg([\d.]+)$/.exec(key);
      return match
        ? [
            {
              key,
              solver: match[1]!,
              steps: Number(match[2]),
              target: match[3] as "x0" | "edm",
              scale: Number(match[4]),
            },
          ]
        : [];
    });
    expect(settings.length).toBeGreaterThan(0);
    for (const { key, solver, steps, target, scale } of settings) {
      const choice: SamplerChoice =
        solver === "onestep"
          ? { kind: "oneStep" }
          : { kind: solver === "heun" ? "heunReleased" : "eulerReleased", steps };
      const denoiser = {
        shape,
        target,
        batchSize: tensors.y!.data.length,
        normalisation: "imagenet" as const,
        clamp: "released" as const,
        guidance: scale === 0 ? null : { scale, low: 0.19, high: 1.61 },
      };
      const levels = samplingLevels(choice, shape.resolution);
      const executable = await compile(denoiserProgram(denoiser), weightsOf(name));
      let calls = 0;
      const counted = {
        ...executable,
        run: (inputs: Tensors) => {
          calls++;
          return executable.run(inputs);
        },
      };
      const start = Float32Array.from(tensors.x_T!.data, (value) => value * levels[0]!);
      const labels = Int32Array.from(tensors.y!.data);
      const x = await solverOf(choice)(denoiserOf(counted, denoiser, labels), start, levels);
      await executable.dispose();
      expect(relativeError({ ...tensors[key]!, data: x }, tensors[key]!), key).toBeLessThan(TOLERANCE);
      expect(calls, key).toBe(tensors[`nfe.${key}`]!.data[0]);
    }
  });
});

const toFloat32 = (tensor: Tensor): Tensor =>
  tensor.dtype === "float32" ? { ...tensor, data: Float32Array.from(tensor.data) } : tensor;
