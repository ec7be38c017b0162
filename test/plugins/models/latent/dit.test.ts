import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  adamw,
  adamwInputs,
  add,
  cast,
  gradients,
  mean,
  sizeOf,
  type Tensor,
  type Tensors,
  type TensorType,
  trace,
} from "../../../../harness/program/index.ts";
import { denoise, guide, type Solver } from "../../../../plugins/models/latent/denoise.ts";
import { addNoise, diffusionLoss } from "../../../../plugins/models/latent/diffusion-loss.ts";
import {
  block,
  condition,
  type DitConfig,
  dit,
  embedPatches,
  timeFrequencies,
} from "../../../../plugins/models/latent/dit.ts";
import { ditStep } from "../../../../plugins/models/latent/dit-stage.ts";
import { networkProgram } from "../../../../plugins/models/latent/sampler.ts";
import {
  respacedSchedule,
  spaceTimesteps,
  strideTimesteps,
} from "../../../../plugins/models/latent/schedule.ts";
import { ditFor, type SizeName } from "../../../../plugins/models/latent/sizes.ts";
import { casesOf, compile, expectClose, readJson, readTensors, runOnce, tensor } from "./fixtures.ts";

interface DitJson {
  readonly input_size: number;
  readonly patch_size: number;
  readonly in_channels: number;
  readonly hidden_size: number;
  readonly depth: number;
  readonly num_heads: number;
  readonly num_classes: number;
  readonly learn_sigma: boolean;
}

const configOf = (folder: string): DitConfig => {
  const config = readJson(join(folder, "config.json")) as DitJson;
  return {
    side: config.input_size,
    latentChannels: config.in_channels,
    patch: config.patch_size,
    width: config.hidden_size,
    depth: config.depth,
    heads: config.num_heads,
    classes: config.num_classes,
    outputChannels: (config.learn_sigma ? 2 : 1) * config.in_channels,
  };
};

/** The key third of the qkv bias: softmax does not see it, its gradient is 0. */
const withoutKeys = (name: string, data: Tensor["data"]): Tensor["data"] => {
  if (!name.endsWith("attn.qkv.bias")) return data;
  const third = data.length / 3;
  return data.map((value, i) => (i >= third && i < 2 * third ? 0 : value));
};

const float = ({ shape, data }: Tensor): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});
const cases = casesOf("dit").map((folder) => [basename(folder), folder] as const);

describe.skipIf(cases.length === 0).each(cases)(
  "DiT against its released code (skipped where the fixtures are absent): %s",
  (_name, folder) => {
    const config = configOf(folder);
    const weights = readTensors(join(folder, "weights.safetensors"));
    const read = (name: string): Tensors => readTensors(join(folder, `${name}.safetensors`));

    it("computes the forward pass and its parts", async () => {
      const reference = read("forward");
      const x = tensor(reference, "x");
      const y = tensor(reference, "y");
      const program = trace("dit", (p) => {
        const [image, t, labels] = [
          p.input("x", x.shape),
          p.input("t", y.shape),
          p.input("y", y.shape, "int32"),
        ];
        p.output("out", dit(p, image, t, labels, config));
        p.output("timestep_frequencies", timeFrequencies(t));
        const conditioning = condition(p, t, labels, config);
        const tokens = add(embedPatches(p, image, config), p.read("pos_embed"));
        p.output("conditioning", conditioning);
        p.output("tokens", tokens);
        p.output("block0", block(p.scope("blocks.0."), tokens, conditioning, config.heads));
      });
      const initial = program.states.find(({ name }) => name === "pos_embed")!.initialiser;
      if (initial.kind !== "values") throw new Error("pos_embed is not fixed");
      expectClose("pos_embed", initial.data, tensor(weights, "pos_embed"), 1e-6);
      const outputs = await runOnce(program, weights, { x, t: float(tensor(reference, "t")), y });
      for (const [name, { data }] of Object.entries(outputs))
        expectClose(name, data, tensor(reference, name));
    });

    it("guides the first three channels", async () => {
      const reference = read("forward_with_cfg");
      const half = (t: Tensor): Tensor => ({
        ...t,
        shape: t.shape.with(0, t.shape[0]! / 2),
        data: t.data.slice(0, t.data.length / 2),
      });
      // The released code doubles the first half of the batch itself.
      const [x, t] = [half(tensor(reference, "x")), half(float(tensor(reference, "t")))];
      const labels = half(tensor(reference, "y"));
      const program = networkProgram(config, x.shape[0]!);
      const nulls = { ...labels, data: labels.data.map(() => config.classes) };
      const { out: conditional } = await runOnce(program, weights, { x, t, labels });
      const { out: unconditional } = await runOnce(program, weights, { x, t, labels: nulls });
      const names = Object.keys(reference).filter((name) => name.startsWith("out.cfg"));
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) {
        const guided = guide(
          conditional!.data as Float32Array,
          unconditional!.data as Float32Array,
          Number(name.slice("out.cfg".length)),
          3,
          config.outputChannels,
          config.side ** 2,
        );
        const expected = tensor(reference, name);
        expectClose(name, guided, expected.shape[0] === x.shape[0] ? expected : half(expected));
      }
    });

    it.each([
      ["training_losses", 1e-4],
      ["training_losses-t0", 1e-3],
    ])("has the loss and gradients of %s", async (name, tolerance) => {
      const reference = read(name);
      const shape = tensor(reference, "noise").shape;
      const names = Object.keys(reference).filter((key) => key.startsWith("grad."));
      const program = trace("dit-loss", (p) => {
        const [start, noise] = [p.input("x_start", shape), p.input("noise", shape)];
        const t = p.input("t", [shape[0]!], "int32");
        const noisy = addNoise(start, noise, t);
        const output = dit(p, noisy, cast(t, "float32"), p.input("y", [shape[0]!], "int32"), config);
        const { squaredError, variationalBound } = diffusionLoss(output, start, noisy, noise, t);
        const each = add(squaredError, variationalBound);
        p.output("x_t", noisy);
        p.output("mse", squaredError);
        p.output("vb", variationalBound);
        p.output("loss_per_sample", each);
        p.output("loss", mean(each));
        const parameters = names.map((key) => p.read(key.slice("grad.".length)));
        gradients(mean(each), parameters).forEach((g, i) => {
          p.output(names[i]!, g);
        });
      });
      const outputs = await runOnce(program, weights, {
        x_start: tensor(reference, "x_start"),
        noise: tensor(reference, "noise"),
        t: tensor(reference, "t"),
        y: tensor(reference, "y"),
      });
      for (const [key, { data }] of Object.entries(outputs)) {
        const expected = tensor(reference, key);
        expectClose(
          key,
          withoutKeys(key, data),
          { ...expected, data: withoutKeys(key, expected.data) },
          tolerance,
        );
      }
    });

    it("takes the same three AdamW steps, averages included", async () => {
      const batch = read("training_losses");
      const reference = read("train3");
      const shape = tensor(batch, "noise").shape;
      const program = trace("dit-train", (p) => {
        const [start, noise] = [p.input("x_start", shape), p.input("noise", shape)];
        const t = p.input("t", [shape[0]!], "int32");
        const noisy = addNoise(start, noise, t);
        const output = dit(p, noisy, cast(t, "float32"), p.input("y", [shape[0]!], "int32"), config);
        const { squaredError, variationalBound } = diffusionLoss(output, start, noisy, noise, t);
        const loss = mean(add(squaredError, variationalBound));
        p.output("loss", loss);
        adamw(p, loss, { beta1: 0.9, beta2: 0.999, weightDecay: 0, ema: true });
      });
      const zero = ({ dtype, shape }: TensorType): Tensor => ({
        dtype,
        shape,
        data: new Float32Array(sizeOf(shape)),
      });
      const state = Object.fromEntries(
        program.states.map(({ name, value }) => [
          name,
          name.startsWith("adam.") ? zero(value) : tensor(weights, name.replace(/^ema\//, "")),
        ]),
      );
      const executable = await compile(program, state);
      const losses: number[] = [];
      for (let step = 0; step < 3; step++) {
        const { loss } = await executable.run({
          x_start: tensor(batch, "x_start"),
          noise: tensor(batch, "noise"),
          t: tensor(batch, "t"),
          y: tensor(batch, "y"),
          ...adamwInputs({ step, learningRate: 1e-3, beta1: 0.9, beta2: 0.999, emaDecay: 0.99 }),
        });
        losses.push(loss!.data[0]!);
      }
      expectClose("loss", losses, tensor(reference, "loss"));
      const after = await executable.readState();
      await executable.dispose();
      for (const [key, expected] of Object.entries(reference)) {
        const name = key.startsWith("param.") ? key.slice("param.".length) : key.replace("ema.", "ema/");
        const ours = after[name] ?? (key === "ema.pos_embed" ? after.pos_embed : undefined);
        if (key === "loss") continue;
        expectClose(key, withoutKeys(key, ours!.data), {
          ...expected,
          data: withoutKeys(key, expected.data),
        });
      }
    });

    const solvers: readonly [string, Solver, readonly number[], number][] = [
      ["ddpm8", "ddpm", spaceTimesteps([8]), 1],
      ["ddpm8.cfg1.5", "ddpm", spaceTimesteps([8]), 1.5],
      ["ddim8", "ddim", spaceTimesteps([8]), 1],
      ["ddim8.cfg1.5", "ddim", spaceTimesteps([8]), 1.5],
      ["ddim8-stride", "ddim", strideTimesteps(8), 1],
    ];
    it("lists every sampler of the fixture", () => {
      const names = Object.keys(read("samplers")).flatMap((name) => name.match(/^(.*)\.final$/)?.[1] ?? []);
      expect(solvers.map(([name]) => name).toSorted()).toEqual(names.toSorted());
    });

    it.each(solvers)("samples along the trajectory of %s", async (name, solver, timesteps, scale) => {
      const reference = read("samplers");
      const z = tensor(reference, "z");
      const labels = tensor(reference, "y");
      const nulls = { ...labels, data: labels.data.map(() => config.classes) };
      const size = z.data.length / z.shape[0]!;
      const network = await compile(networkProgram(config, z.shape[0]!), weights);
      const call = async (x: Float32Array, timestep: number, y: Tensor): Promise<Float32Array> => {
        const t = {
          dtype: "float32",
          shape: y.shape,
          data: new Float32Array(y.data.length).fill(timestep),
        } as const;
        const { out } = await network.run({ x: { ...z, data: x }, t, labels: y });
        return out!.data as Float32Array;
      };
      const predict = async (x: Float32Array, timestep: number): Promise<Float32Array> => {
        const conditional = await call(x, timestep, labels);
        if (scale === 1) return conditional;
        return guide(
          conditional,
          await call(x, timestep, nulls),
          scale,
          3,
          config.outputChannels,
          config.side ** 2,
        );
      };
      const noise = tensor(reference, "noise");
      const noiseAt = (step: number): Float32Array => {
        const k = timesteps.length - 1 - step;
        return noise.data.subarray(k * z.data.length, (k + 1) * z.data.length) as Float32Array;
      };
      const path: Float32Array[] = [];
      const schedule = respacedSchedule(timesteps);
      for await (const x of denoise(predict, schedule, solver, z.data as Float32Array, size, noiseAt))
        path.push(x);
      await network.dispose();
      const all = tensor(reference, `${name}.x`);
      expect(path).toHaveLength(all.shape[0]!);
      path.forEach((x, k) => {
        const data = all.data.subarray(k * x.length, (k + 1) * x.length);
        expectClose(`${name} after step ${k}`, x, { ...all, data });
      });
      expectClose(`${name}.final`, path.at(-1)!, tensor(reference, `${name}.final`));
    });

    it("respaces the schedule as released", () => {
      const schedules = readJson(join(folder, "schedules.json")) as Record<string, Record<string, number[]>>;
      for (const [spacing, expected] of Object.entries(schedules)) {
        const timesteps = spacing.startsWith("ddim")
          ? strideTimesteps(Number(spacing.slice(4)))
          : spaceTimesteps(spacing.split(",").map(Number));
        const schedule = respacedSchedule(timesteps);
        const { alphasCumulative } = schedule;
        const ours: Record<string, ArrayLike<number>> = {
          timesteps,
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
        for (const [name, data] of Object.entries(expected))
          expectClose(
            `${spacing} ${name}`,
            ours[name]!,
            { dtype: "float32", shape: [data.length], data: Float64Array.from(data) },
            1e-9,
          );
      }
    });

    it("has the parameters and multiply-accumulates of the published sizes", () => {
      const parameters = readJson(join(folder, "parameters.json")) as Record<
        string,
        { total: number; trainable: number; shapes: Record<string, number[]> }
      >;
      const { rows } = readJson(join(folder, "macs.json")) as { rows: Record<string, { macs: number }> };
      let compared = 0;
      for (const [key, { macs }] of Object.entries(rows)) {
        const [name, resolution] = key.split("@") as [SizeName, string | undefined];
        const published = resolution
          ? ditFor(name, { resolution: Number(resolution), classes: 1000 })
          : config;
        const program = networkProgram(published, 1);
        expect(program.macs, key).toBe(macs);
        const expected = parameters[key];
        if (!expected) continue;
        const shapes = Object.fromEntries(
          program.states.map((state) => [state.name, [...state.value.shape]]),
        );
        expect(shapes, key).toEqual(expected.shapes);
        expect(program.parameters, key).toBe(expected.trainable);
        compared++;
      }
      expect(compared).toBe(Object.keys(parameters).length);
    });
  },
);

describe("DiT", () => {
  it("traces a training step whose cost is about three forward passes", () => {
    const config = ditFor("tiny", { resolution: 32, classes: 10 });
    const ratio = ditStep(config, 8).macs / networkProgram(config, 8).macs;
    expect(ratio).toBeGreaterThan(2.5);
    expect(ratio).toBeLessThan(3);
  });
});
