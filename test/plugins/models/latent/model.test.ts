import { describe, expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import type {
  Executable,
  ImageSource,
  Role,
  Runtime,
  Stage,
  StageContext,
  StageWeights,
} from "../../../../harness/plugin.ts";
import type { Program, Tensors } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import { toNetwork } from "../../../../plugins/models/latent/images.ts";
import model from "../../../../plugins/models/latent/index.ts";
import { latentDeviation } from "../../../../plugins/models/latent/latent-cache.ts";
import { averageDecayAt, batchOrder, learningRateAt } from "../../../../plugins/models/latent/training.ts";
import { toImages } from "../../../../plugins/models/solvers/latent/to-images.ts";
import { compile } from "./fixtures.ts";
import { lpipsWeights } from "./weights.ts";

const task = { resolution: 16, classes: 2 };
const parse = (options: unknown) => model.schema.parse(options) as never;

/** Ten images of noise. */
const noiseOf = (side: number): ImageSource => ({
  length: 10,
  identity: "noise",
  async images(indices) {
    const size = 3 * side * side;
    return Uint8Array.from({ length: indices.length * size }, (_, k) => {
      const image = indices[Math.floor(k / size)]!;
      return (image * 37 + (k % size) * 101) % 256;
    });
  },
  label: (index) => index % 2,
});
const train = noiseOf(task.resolution);

function counting(): { runtime: Runtime; calls: Partial<Record<Role, number>> } {
  const calls: Partial<Record<Role, number>> = {};
  const runtime = {
    async compile(program: Program, state: Tensors, role: Role): Promise<Executable> {
      const executable = await compile(program, state);
      return {
        ...executable,
        run(inputs) {
          calls[role] = (calls[role] ?? 0) + 1;
          return executable.run(inputs);
        },
      };
    },
  };
  return { runtime, calls };
}

const contextOf = (stage: Stage, previous: StageWeights, runtime: Runtime): StageContext => ({
  task,
  steps: 3,
  batchSize: stage.batchSize,
  train,
  random: createStream(0, stage.name),
  previous,
  runtime,
});

async function trainAll(options: never, runtime: Runtime): Promise<StageWeights> {
  const weights: Record<string, Tensors> = {};
  for (const stage of model.stages(options, task)) {
    const context = contextOf(stage, weights, runtime);
    const prepared = (await stage.prepare?.(context)) ?? {};
    const random = createStream(0, stage.name, "initial");
    const executable = await compile(
      stage.program,
      initialState(stage.program, random, stage.start(context)),
    );
    const inputs = stage.batches(context, prepared);
    for (let step = 0; step < 3; step++) {
      const { loss } = await executable.run(await inputs(step));
      expect(Number.isFinite(loss!.data[0])).toBe(true);
    }
    weights[stage.name] = stage.result(await executable.readState());
    await executable.dispose();
  }
  return weights;
}

/** What the first stage would hand on before its first step. */
function untrained(options: never, at: typeof task): Tensors {
  const [stage] = model.stages(options, at) as [Stage];
  return stage.result(initialState(stage.program, createStream(0, "initial")));
}

const streamsOf = (...seeds: readonly number[]) => seeds.map((seed) => createStream(seed, "sample"));

describe("the latent model", () => {
  const options = parse({
    sampler: { kind: "ddpm", steps: 3 },
    guidance: { scale: 2 },
    vae: { batchSize: 2 },
    dit: { batchSize: 4 },
  });

  it("trains both stages, samples and reconstructs, counting every call", async () => {
    const { runtime, calls } = counting();
    const weights = await trainAll(options, runtime);
    // 20 images, mirrored ones included, in one call of 32
    expect(calls).toEqual({ encoder: 1 });

    const sampler = await model.sampler(options, task, weights, runtime, 2, { baseFolder: "." });
    const pair = await sampler.sample(streamsOf(1, 2), [0, 1]);
    expect(pair).toHaveLength(2 * 768);
    expect(calls).toEqual({ encoder: 1, network: 6, decoder: 1 });
    const swapped = await sampler.sample(streamsOf(2, 3), [1, -1]);
    expect(swapped.subarray(0, 768)).toEqual(pair.subarray(768));
    expect(await sampler.sample(streamsOf(1, 2), [0, 1])).toEqual(pair);
    await sampler.dispose();

    const reconstructor = await model.reconstructor!(options, task, weights, runtime);
    const images = await train.images(Array.from({ length: reconstructor.batchSize }, (_, i) => i % 10));
    expect(await reconstructor.reconstruct(images)).toHaveLength(images.length);
    await reconstructor.dispose();
  });

  it("trains a SiT in a stage of its own, packs it as one, and samples from it", async () => {
    const flow = parse({
      objective: "flow",
      sampler: { kind: "sde", steps: 3 },
      vae: { batchSize: 2 },
      dit: { batchSize: 4 },
    });
    expect(model.stages(flow, task).map(({ name }) => name)).toEqual(["VAE", "SiT"]);
    const { runtime, calls } = counting();
    const weights = await trainAll(flow, runtime);
    const names = Object.keys(model.stateDict!(weights));
    expect(names).toContain("sit_ema/pos_embed");
    expect(names.some((name) => name.startsWith("dit_ema/"))).toBe(false);
    const sampler = await model.sampler(flow, task, weights, runtime, 2, { baseFolder: "." });
    const pair = await sampler.sample(streamsOf(1, 2), [0, 1]);
    expect(calls).toEqual({ encoder: 1, network: 6, decoder: 1 });
    const swapped = await sampler.sample(streamsOf(2, 3), [1, -1]);
    expect(swapped.subarray(0, 768)).toEqual(pair.subarray(768));
    expect(sampler.description).toMatchObject({ solver: "sde", steps: 3, releasedCalls: 6 });
    await sampler.dispose();
  });

  it("lets a discriminator join from the step it is told, and hands on the autoencoder alone", async () => {
    const side = { ...task, resolution: 24 };
    /** States after each of three steps. */
    const trained = async (vae: object) => {
      const [stage] = model.stages(parse({ vae: { batchSize: 2, ...vae } }), side) as [Stage];
      const context = { ...contextOf(stage, {}, counting().runtime), task: side, train: noiseOf(24) };
      const start = initialState(stage.program, createStream(0, "initial"));
      const executable = await compile(stage.program, start);
      const inputs = stage.batches(context, {});
      const states = [start];
      for (let step = 0; step < 3; step++) {
        await executable.run(await inputs(step));
        states.push(await executable.readState());
      }
      await executable.dispose();
      const numbers = (step: number, name: string) =>
        Buffer.from(states[step]![name]!.data.buffer).toString("hex");
      return { numbers, result: Object.keys(stage.result(states[3]!)) };
    };
    const plain = await trained({});
    const joined = await trained({ adversarial: { start: 2 } });
    const [own, judge] = ["encoder.conv_in.weight", "loss.discriminator.main.0.weight"];
    expect(joined.numbers(2, own)).toBe(plain.numbers(2, own));
    expect(joined.numbers(2, judge)).toBe(joined.numbers(0, judge));
    expect(joined.numbers(3, own)).not.toBe(plain.numbers(3, own));
    expect(joined.numbers(3, judge)).not.toBe(joined.numbers(0, judge));
    expect(joined.result).toEqual(plain.result);
  });

  it("learns by LPIPS too where it is told, whose net stays as it was given", async () => {
    const judged = parse({
      vae: { batchSize: 2, perceptual: 1 },
      lpips: { net: "squeeze", trunk: "all.pth" },
    });
    const side = { ...task, resolution: 24 };
    const [stage] = model.stages(judged, side) as [Stage];
    const given = Object.entries(lpipsWeights("squeeze"));
    const previous = Object.fromEntries(
      stage.after.map((file, half) => [
        file,
        Object.fromEntries(given.filter(([name]) => name.startsWith("lin") === (half === 1))) as Tensors,
      ]),
    );
    const context = { ...contextOf(stage, previous, counting().runtime), task: side, train: noiseOf(24) };
    const executable = await compile(
      stage.program,
      initialState(stage.program, createStream(0, "initial"), stage.start(context)),
    );
    const inputs = await stage.batches(context, {})(1);
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { loss, lpips } = await executable.run(inputs);
      expect(lpips!.data[0]).toBeGreaterThan(0);
      losses.push(loss!.data[0]!);
    }
    expect(losses[1]).toBeLessThan(losses[0]!);
    expect(losses[2]).toBeLessThan(losses[1]!);
    const state = await executable.readState();
    await executable.dispose();
    for (const [name, { data }] of given)
      expect(state[`loss.perceptual_loss.${name}`]!.data, name).toEqual(data);
    expect(Object.keys(state).filter((name) => name.includes("perceptual"))).toHaveLength(given.length);
    expect(Object.keys(stage.result(state)).some((name) => name.startsWith("loss."))).toBe(false);
    const [plain] = model.stages(parse({ vae: { batchSize: 2 } }), side) as [Stage];
    expect(stage.program.flops).toBeGreaterThan(plain.program.flops);
  }, 60_000);

  it("measures LPIPS of reconstructions where its weights are named", async () => {
    const { runtime, calls } = counting();
    const side = { ...task, resolution: 24 };
    const given = lpipsWeights("squeeze") as Tensors;
    const weights = { "LPIPS trunk": given, "LPIPS linear layers": given };
    const judged = parse({ lpips: { net: "squeeze", trunk: "f" } });
    expect(model.pretrained!(judged)).toMatchObject([{ judges: true }, { judges: true }]);
    const autoencoder = untrained(judged, side);
    const open = (more: StageWeights) =>
      model.reconstructor!(judged, side, { VAE: autoencoder, ...more }, runtime);
    const unjudged = await open({});
    expect(unjudged.judge).toBeUndefined();
    await unjudged.dispose();
    const { judge, dispose } = await open(weights);
    expect(judge!.metric).toBe("lpips-squeeze");
    const images = await noiseOf(24).images(Array.from({ length: 10 }, (_, k) => k));
    const changed = images.map((value, i) => (i < images.length / 2 ? value : 255 - value));
    const found = await judge!.distances(images, changed);
    await dispose();
    expect([...found.subarray(0, 5)]).toEqual(Array(5).fill(0));
    expect(Math.min(...found.subarray(5))).toBeGreaterThan(0);
    expect(calls).toEqual({ extractor: 2 });
  });

  it("refuses LPIPS without weights, and of images that leave its net nothing", () => {
    expect(model.schema.safeParse({ vae: { perceptual: 1 } }).error!.issues).toMatchObject([
      { path: ["vae", "perceptual"], message: expect.stringMatching(/name them in `lpips`/) },
    ]);
    const small = parse({ vae: { perceptual: 1 }, lpips: { net: "alex", trunk: "f" } });
    expect(() => model.stages(small, task)).toThrow(
      'lpips.net is "alex": AlexNet leaves nothing of images of 16 px',
    );
  });

  it("refuses a discriminator of images it cannot judge", () => {
    expect(() => model.stages(parse({ vae: { adversarial: {} } }), task)).toThrow(
      /images of 16 px are too small/,
    );
  });

  it("makes a step's inputs again, whatever was drawn before", async () => {
    const { runtime } = counting();
    const [vae] = model.stages(options, task) as [Stage];
    const inputs = vae.batches(contextOf(vae, {}, runtime), {});
    await inputs(0);
    const third = await inputs(7);
    expect(await vae.batches(contextOf(vae, {}, runtime), {})(7)).toEqual(third);
  });

  it("gives its stages shares that add to one", () => {
    const shares = model.stages(parse({ vaeShare: 0.25 }), task).map(({ share }) => share);
    expect(shares).toEqual([0.25, 0.75]);
  });

  it("trains without classes, unguided", async () => {
    const unconditional = { ...task, classes: 0 };
    expect(model.stages(parse({}), unconditional)).toHaveLength(2);
    const guided = parse({ guidance: { scale: 2 } });
    expect(() => model.deviations(guided, unconditional)).toThrow(UserError);
    expect(() => model.deviations(parse({}), unconditional)).not.toThrow();
  });

  it("names the resolution that does not fit and those that would", () => {
    expect(() => model.stages(options, { resolution: 30, classes: 2 })).toThrow(/resolution 30 .*"tiny"/);
    try {
      model.stages(options, { resolution: 30, classes: 2 });
    } catch (error) {
      expect((error as UserError).fix).toMatch(/multiple of 8/);
    }
  });

  it("refuses more images a step than there are", () => {
    const { runtime } = counting();
    const [vae] = model.stages(parse({ vae: { batchSize: 11 } }), task) as [Stage];
    expect(() => vae.batches(contextOf(vae, {}, runtime), {})).toThrow(/batchSize is 11/);
  });

  it("decodes in tiles where it is told to, and says so", async () => {
    expect(model.deviations(parse({ decoderTile: 16 }), { ...task, resolution: 32 })).toContain(
      "Images are decoded in tiles of 16 px that overlap by a quarter: tones may differ between tiles.",
    );
    expect(model.deviations(parse({ decoderTile: 16 }), task).join(" ")).not.toMatch(/tiles/);
    expect(model.samplingBatchSize(parse({ decoderTile: 16 }), task)).toBe(4);
    expect(() => model.deviations(parse({ decoderTile: 24 }), task)).toThrow(
      /decoderTile is 24.*overlap by a quarter/,
    );
  });

  it("refuses unknown options", () => {
    expect(model.schema.safeParse({ sise: "tiny" }).success).toBe(false);
    expect(model.schema.safeParse({ sampler: { kind: "euler", steps: 3 } }).success).toBe(false);
  });

  it("says what it does otherwise than published", () => {
    expect(model.deviations(parse({}), task).join(" ")).toMatch(/no LPIPS.*measured.*4 of the latent's/s);
    expect(model.deviations(parse({ size: "DiT-XL/2" }), task).join(" ")).not.toMatch(/measured|smaller/);
  });

  it("says what it is trained with where options say otherwise than the size", () => {
    const tuned = { vae: { learningRate: 2e-3 }, dit: { batchSize: 5 } };
    expect(model.deviations(parse(tuned), task).join(" ")).toContain(
      "batch 4 and learning rate 0.002 for the VAE, batch 5 and learning rate 0.001 for the DiT",
    );
    expect(model.deviations(parse({ ...tuned, size: "DiT-XL/2" }), task)).toContain(
      "Trained with batch 5 and learning rate 0.0001 for the DiT; published: batch 256 and learning rate 0.0001 for the DiT.",
    );
  });
});

describe("its training's parts", () => {
  it("turns images into what the network sees and back, exactly", async () => {
    const images = await train.images([0, 1, 2]);
    expect(toImages(toNetwork(images, 16))).toEqual(images);
  });

  it("mirrors", async () => {
    const images = await train.images([3]);
    const twice = toImages(toNetwork(toImages(toNetwork(images, 16, () => true)), 16, () => true));
    expect(twice).toEqual(images);
    expect(toImages(toNetwork(images, 16, () => true)).subarray(0, 3)).toEqual(images.subarray(45, 48));
  });

  it("visits every image once an epoch, the last partial batch apart", () => {
    const stage = { name: "VAE", batchSize: 3 } as Stage;
    const order = batchOrder(contextOf(stage, {}, counting().runtime));
    const epoch = [0, 1, 2].flatMap(order);
    expect(new Set(epoch).size).toBe(9);
    expect([3, 4, 5].flatMap(order)).not.toEqual(epoch);
  });

  it("warms up to the peak and falls to zero", () => {
    const rate = { peak: 2, schedule: "cosine" } as const;
    expect(learningRateAt(0, 100, rate)).toBeCloseTo(0.4);
    expect(learningRateAt(5, 100, rate)).toBe(2);
    expect(learningRateAt(99, 100, rate)).toBeLessThan(0.01);
    expect(learningRateAt(99, 100, { peak: 2, schedule: "constant" })).toBe(2);
  });

  it("averages over at most a twentieth of the training, as published in long ones", () => {
    expect(averageDecayAt(0, 1000)).toBe(0.1);
    expect(averageDecayAt(900, 1000) ** 50).toBeCloseTo(0.5);
    expect(averageDecayAt(3e6, 7e6)).toBe(0.9999);
  });

  it("trains a DiT of a published size by the released settings", async () => {
    const at = { resolution: 64, classes: 2 };
    const stageOf = (dit: object): Stage =>
      model.stages(parse({ size: "DiT-S/8", vae: { weights: "vae.pt" }, dit }), at)[0]!;
    expect(stageOf({}).batchSize).toBe(256);
    const stage = stageOf({ batchSize: 10 });
    const latents = { dtype: "float32", shape: [20, 4, 8, 8], data: new Float32Array(20 * 256) } as const;
    const context = { ...contextOf(stage, {}, counting().runtime), task: at };
    const inputs = stage.batches(context, { mean: latents, logVariance: latents });
    let dropped = 0;
    for (let step = 0; step < 100; step++) {
      const { emaDecay, learningRate, latentScale, labels } = await inputs(step);
      const settings = [emaDecay, learningRate, latentScale].map((tensor) => Math.fround(tensor!.data[0]!));
      expect(settings).toEqual([0.9999, 1e-4, 0.18215].map(Math.fround));
      dropped += Array.from(labels!.data).filter((label) => label === at.classes).length;
    }
    // One in ten of 1,000, within three deviations of a binomial.
    expect(Math.abs(dropped - 100)).toBeLessThan(3 * Math.sqrt(90));
    const told = model.deviations(parse({ size: "DiT-S/8", vae: { weights: "vae.pt" } }), at).join(" ");
    expect(told).not.toMatch(/decay|Trained|scaled/);
    expect(model.deviations(parse({ size: "DiT-S/8" }), at).join(" ")).toMatch(
      /The autoencoder's averages decay by/,
    );
  });

  it("measures the deviation of latents over posterior and images", () => {
    // Means ±3 with variance 7: 9 + 7 = 16.
    expect(latentDeviation(Float32Array.of(3, -3), Float32Array.of(Math.log(7), Math.log(7)))).toBeCloseTo(4);
  });
});
