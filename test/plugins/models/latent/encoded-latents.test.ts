import { describe, expect, it } from "vitest";
import { countingRuntime } from "../../../../harness/measure/counting.ts";
import type { ImageSource, Stage, StageContext } from "../../../../harness/plugin.ts";
import type { Tensors } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import model from "../../../../plugins/models/latent/index.ts";
import { compile } from "./fixtures.ts";

const task = { resolution: 16, classes: 2 };
const PIXELS = 3 * task.resolution ** 2;
const train: ImageSource = {
  length: 10,
  identity: "noise",
  images: async (indices) =>
    Uint8Array.from(
      { length: indices.length * PIXELS },
      (_, k) => (indices[Math.floor(k / PIXELS)]! * 37 + (k % PIXELS) * 101) % 256,
    ),
  label: (index) => index % 2,
};
const parse = (options: object) => model.schema.parse({ dit: { batchSize: 4 }, ...options }) as never;
const OPTIONS = { latentScale: 0.7 };

const [vae] = model.stages(parse(OPTIONS), task) as [Stage];
const VAE = vae.result(initialState(vae.program, createStream(0, "VAE")));
const stageOf = (options: object): Stage => model.stages(parse(options), task)[1]!;

function contextOf(stage: Stage) {
  const runtime = countingRuntime({ compile });
  const random = createStream(0, "DiT");
  const context: StageContext = {
    task,
    steps: 4,
    batchSize: stage.batchSize,
    train,
    random,
    previous: { VAE },
    runtime,
  };
  return { context, runtime };
}

/** Losses of steps `from` to `to`, and the state after them; from `state`, or from the stage's start. */
async function steps(stage: Stage, from: number, to: number, state?: Tensors) {
  const { context } = contextOf(stage);
  const prepared = (await stage.prepare?.(context)) ?? {};
  const start = state ?? initialState(stage.program, createStream(0, "initial"), stage.start(context));
  const executable = await compile(stage.program, start);
  const inputs = stage.batches(context, prepared);
  const losses: number[] = [];
  for (let step = from; step < to; step++)
    losses.push((await executable.run(await inputs(step))).loss!.data[0]!);
  const last = await executable.readState();
  await executable.dispose();
  return { losses, last };
}

describe("encoding every step's images", () => {
  const [cached, anew] = [stageOf(OPTIONS), stageOf({ ...OPTIONS, latents: "every step" })];

  it("trains as from the cache: the same images, noise, times and labels", async () => {
    const { context } = contextOf(cached);
    const prepared = await cached.prepare!(context);
    const [ofCache, own] = [cached.batches(context, prepared), anew.batches(contextOf(anew).context, {})];
    const { mean: _, logVariance: __, ...common } = await ofCache(2);
    const { images, ...rest } = await own(2);
    expect(rest).toEqual(common);
    expect(images!.shape).toEqual([4, 3, 16, 16]);

    const [one, other] = [await steps(cached, 0, 4), await steps(anew, 0, 4)];
    one.losses.forEach((loss, i) => {
      expect(Math.abs(other.losses[i]! / loss - 1)).toBeLessThan(1e-4);
    });
    expect(Object.keys(anew.result(other.last))).toEqual(Object.keys(cached.result(one.last)));
    const frozen = Object.keys(other.last).filter((name) => name.startsWith("first_stage_model."));
    expect(frozen.length).toBeGreaterThan(10);
    for (const name of frozen)
      expect(other.last[name]!.data, name).toEqual(VAE[name.replace("first_stage_model.", "")]!.data);
  });

  it("goes on from a checkpoint to the same bits", async () => {
    const whole = await steps(anew, 0, 4);
    const half = await steps(anew, 0, 2);
    const rest = await steps(anew, 2, 4, half.last);
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    const bits = (state: Tensors) =>
      Object.entries(state).map(
        ([name, { data }]) => `${name} ${Buffer.from(data.buffer).toString("base64")}`,
      );
    expect(bits(rest.last).join() === bits(whole.last).join()).toBe(true);
  });

  it("costs a step the encoder's forward pass and nothing else, and nothing before the first", () => {
    const { encoding } = anew;
    expect(anew.program.macs - cached.program.macs).toBe(encoding!.macs);
    expect(anew.program.flops - cached.program.flops).toBe(encoding!.flops);
    expect(anew.program.parameters).toBe(cached.program.parameters);
    expect(anew.prepare).toBeUndefined();
    expect(cached.encoding).toBeUndefined();
  });

  it("measures the latents' scale on the first step's images, and says so", async () => {
    const options = { latents: "every step", latentScale: "measured", objective: "flow" };
    const stage = stageOf(options);
    const { context, runtime } = contextOf(stage);
    const { scale, ...others } = await stage.prepare!(context);
    expect(others).toEqual({});
    const { latentScale } = await stage.batches(context, { scale: scale! })(0);
    expect(latentScale).toEqual(scale);
    const { images, macs, flops } = stage.preparationCost!(train.length);
    expect(images).toBe(4);
    expect(runtime.tallies.encoder).toMatchObject({ macs, flops });
    const whole = await stageOf({ ...options, latents: "cached" }).prepare!(context);
    expect(scale!.data[0]! / whole.scale!.data[0]!).toBeGreaterThan(0.5);
    expect(scale!.data[0]! / whole.scale!.data[0]!).toBeLessThan(2);
    expect(scale!.data[0]).not.toBe(whole.scale!.data[0]);
    expect(model.deviations(parse(options), task)).toContain(
      "Latents are scaled by 1/σ of the first batch's, not by 0.18215.",
    );
  });

  it("is what the papers do, the cache is not", () => {
    const told = (options: object): string => model.deviations(parse(options), task).join(" ");
    expect(told({})).toMatch(/Images are encoded once .* encodes every step's images anew/);
    expect(told({ latents: "every step" })).not.toMatch(/anew/);
  });

  it("is refused where nothing trains", () => {
    const refused = model.schema.safeParse({ latents: "every step", weights: "f.safetensors" });
    expect(refused.error!.issues).toMatchObject([{ path: ["latents"] }]);
    const beside = { latents: "cached", vae: { weights: "v" }, dit: { weights: "d" } };
    expect(model.schema.safeParse(beside).error!.issues).toMatchObject([{ path: ["latents"] }]);
  });
});
