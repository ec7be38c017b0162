/** A DiT's file in place of its stage: released, from training, ours; heads, positions, labels; what is refused. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { type NamedArrays, writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import type { State, Tensors } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { autoencoderStates } from "../../../../plugins/models/latent/autoencoder-checkpoint.ts";
import { openDit } from "../../../../plugins/models/latent/dit-checkpoint.ts";
import { ditStates } from "../../../../plugins/models/latent/dit-states.ts";
import model from "../../../../plugins/models/latent/index.ts";
import { type LatentInput, schema } from "../../../../plugins/models/latent/options.ts";
import { ditFor, SIZES } from "../../../../plugins/models/latent/sizes.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { prefixed, writePth } from "../epg/weights.ts";
import { compile } from "./fixtures.ts";

const task = { resolution: 16, classes: 2 };
const config = ditFor("tiny", task);
const LABELS = "y_embedder.embedding_table.weight";
const HEADS = ["final_layer.linear.weight", "final_layer.linear.bias"] as const;

const weightsOf = (network: typeof config, seed = 0): NamedArrays => drawn(ditStates(network), seed);

function drawn(states: readonly State[], seed: number): NamedArrays {
  const random = createStream(seed, "weights");
  return Object.fromEntries(
    states.map(({ name, value: { shape }, initialiser }) => {
      const data = new Float32Array(shape.reduce((product, side) => product * side, 1));
      random.stream(name).fillNormal(data);
      const fixed = initialiser.kind === "values" ? Float32Array.from(initialiser.data) : null;
      return [name, { dtype: "float32", shape, data: fixed ?? data.map((value) => 0.05 * value) }];
    }),
  );
}

const weights = weightsOf(config);
const others = weightsOf(config, 1);
const noVariance = weightsOf({ ...config, outputChannels: config.latentChannels });
const scalar = { dtype: "float32", shape: [1], data: Float32Array.of(3) } as const;
const scale = { latent_scale: { dtype: "float32", shape: [], data: Float32Array.of(0.5) } } as const;
const without = (name: string, from = weights): NamedArrays =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key !== name));

function fileOf(tensors: NamedArrays, name = "DiT.safetensors"): string {
  const path = join(temporaryFolder(), name);
  if (name.endsWith(".pt")) writePth(path, tensors);
  else writeFileSync(path, writeSafetensors(tensors, {}));
  return path;
}

const parse = (input: LatentInput) => schema.parse(input) as never;
const optionsOf = (file: string, more: LatentInput = {}): LatentInput => ({
  latentScale: 0.18215,
  vae: { weights: "vae.safetensors" },
  dit: { weights: file },
  ...more,
});

async function loaded(file: string, more: LatentInput = {}, at = task) {
  const named = model.pretrained!(parse(optionsOf(file, more))).find(({ stage }) => stage === "DiT")!;
  const opened = await named.open(file, at);
  const tensors = await opened.read();
  await opened.close();
  return { part: opened.part, tensors };
}

const expectSame = (
  found: NamedArrays | Awaited<ReturnType<typeof loaded>>["tensors"],
  expected: NamedArrays,
) => {
  const { latent_scale: _, ...own } = found;
  expect(Object.keys(own).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { shape, data }] of Object.entries(own)) {
    expect(shape, name).toEqual(expected[name]!.shape);
    expect(Buffer.from(data.buffer).equals(Buffer.from(expected[name]!.data.buffer)), name).toBe(true);
  }
};

describe("loads as it is", () => {
  it.each<[string, NamedArrays, string, string]>([
    ["a released file", weights, "DiT-XL-2-256x256.pt", "the part unnamed"],
    ["the same without positions", without("pos_embed"), "DiT.safetensors", "the part unnamed"],
    [
      "training's: the average, with the online weights and the optimiser's beside",
      {
        ...prefixed("model/", others),
        ...prefixed("ema/", weights),
        "opt/state/0/exp_avg": scalar,
        "opt/state/0/step": scalar,
      },
      "0400000.pt",
      "the part ema (under ema/)",
    ],
    [
      "ours, an autoencoder beside",
      { ...prefixed("dit_ema/", weights), "vae_ema/quant_conv.bias": scalar },
      "latent.safetensors",
      "the part ema (under dit_ema/)",
    ],
    ["a head of four channels", noVariance, "DiT.pt", "the part unnamed, whose variance is not learned"],
  ])("%s", async (_, tensors, name, told) => {
    const { part, tensors: found } = await loaded(fileOf(tensors, name));
    expect(part).toBe(told);
    expectSame(found, tensors === noVariance ? noVariance : weights);
  });

  it("the online weights where they are asked for", async () => {
    const file = fileOf({ ...prefixed("model/", others), ...prefixed("ema/", weights) });
    const { part, tensors } = await loaded(file, { dit: { weights: { file, part: "online" } } });
    expect(part).toBe("the part online (under model/)");
    expectSame(tensors, others);
  });

  it("positions of its own, where they are not the fixed ones", async () => {
    const { shape, data } = weights.pos_embed!;
    const own = { dtype: "float32", shape, data: new Float32Array(data.length).fill(2) } as const;
    const { tensors } = await loaded(fileOf({ ...weights, pos_embed: own }));
    expect(new Set(tensors.pos_embed!.data)).toEqual(new Set([2]));
  });

  it("without labels, for data without", async () => {
    const free = { resolution: 16, classes: 0 };
    const one = weightsOf(ditFor("tiny", free));
    expectSame((await loaded(fileOf(one), {}, free)).tensors, one);
    const { tensors } = await loaded(fileOf(without(LABELS, one)), {}, free);
    expect(new Set(tensors[LABELS]!.data)).toEqual(new Set([0]));
  });
});

describe("what latents were multiplied by", () => {
  const scaleOf = async (file: string, more: LatentInput) =>
    (await loaded(file, more)).tensors.latent_scale!.data[0];

  it("is what is asked for, what the file tells, what is usual of the size", async () => {
    const ours = fileOf({ ...prefixed("dit_ema/", weights), ...scale });
    expect(await scaleOf(ours, { latentScale: 0.5 })).toBe(0.5);
    expect(await scaleOf(fileOf(weights), { latentScale: 2 })).toBe(2);
    expect(await scaleOf(ours, { latentScale: undefined } as never)).toBe(0.5);
    await expect(scaleOf(fileOf(weights), { latentScale: undefined } as never)).rejects.toThrow(
      /^latentScale: .* does not tell what its latents were multiplied by, .* latent tiny .* no number is usual/,
    );
    const usual = {
      config,
      title: "",
      kind: "DiT" as const,
      role: null,
      guidanceScale: null,
      latentScale: null,
      usualLatentScale: 0.18215,
    };
    const opened = await openDit(fileOf(weights), usual);
    expect((await opened.read()).latent_scale!.data[0]).toBe(Math.fround(0.18215));
    await opened.close();
  });
});

it.each([
  [2, 0.5, /^latentScale is 2, but .* tells that its latents were multiplied by 0\.5/],
  [undefined, 0, /its latent_scale is 0, which no latents can be multiplied by/],
  [undefined, Number.NaN, /its latent_scale is NaN/],
])("a scale that is asked for as %s and told as %s is refused", async (latentScale, own, message) => {
  const told = { dtype: "float32", shape: [], data: Float32Array.of(own) } as const;
  const file = fileOf({ ...prefixed("dit_ema/", weights), latent_scale: told });
  await expect(loaded(file, { latentScale } as never)).rejects.toThrow(message);
});

describe("in an entry", () => {
  it("nothing is trained, and nothing told of training", () => {
    const options = parse(optionsOf("f.pt"));
    expect(model.stages(options, task)).toEqual([]);
    expect(model.pretrained!(options).map(({ stage }) => stage)).toEqual(["DiT", "VAE"]);
    expect(model.deviations(options, task).join(" ")).not.toMatch(/trained|averages|scaled/i);
  });

  it("samples and exports by the head that the file has", async () => {
    const options = parse({ ...optionsOf("f.pt"), sampler: { kind: "ddpm", steps: 3 } });
    const { tensors: found } = await loaded(fileOf(noVariance));
    const handedOn = { DiT: found, VAE: drawn(autoencoderStates(SIZES.tiny.autoencoder), 0) as Tensors };
    const sampler = await model.sampler(options, task, handedOn, { compile }, 2, { baseFolder: "." });
    const streams = [1, 2].map((seed) => createStream(seed, "sample"));
    expect(await sampler.sample(streams, [0, 1])).toHaveLength(2 * 3 * 16 ** 2);
    await sampler.dispose();
    const { program } = model.exported!(options, task, 1, handedOn).denoiser!;
    expect(program.outputs.out!.shape).toEqual([1, 4, config.side, config.side]);
    const file = fileOf(model.stateDict!(handedOn) as NamedArrays);
    const whole = model.pretrained!(parse({ weights: file })).find(({ stage }) => stage === "DiT")!;
    const opened = await whole.open(file, task);
    expectSame(await opened.read(), noVariance);
    await opened.close();
  });
});

describe("refused", () => {
  const refusal = async (tensors: NamedArrays, more: LatentInput = {}, at = task): Promise<UserError> => {
    const failure = await loaded(fileOf(tensors, "DiT.pt"), more, at).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    return failure as UserError;
  };

  it.each<[string, NamedArrays, RegExp]>([
    [
      "a parameter missing",
      without("blocks.3.attn.qkv.bias"),
      /lacks 1 parameters of the DiT of latent tiny .*: blocks\.3\.attn\.qkv\.bias/,
    ],
    [
      "a parameter too many, by its name in the file",
      prefixed("ema/", { ...weights, "blocks.4.attn.qkv.bias": scalar }),
      /has 1 parameters that the DiT of latent tiny .* has not: ema\/blocks\.4\.attn\.qkv\.bias/,
    ],
    [
      "a head of neither four nor eight channels",
      { ...weights, [HEADS[1]]: scalar },
      /^dit\.weights: DiT\.pt is of another size: final_layer\.linear\.bias is \[1\], .* has \[32\]/,
    ],
    [
      "other classes",
      { ...weights, [LABELS]: { ...scalar, shape: [4, 192], data: new Float32Array(768) } },
      /embedding_table\.weight is \[4, 192\], .* has \[3, 192\]/,
    ],
    [
      "no DiT at all",
      { "patch_embed.proj.weight": scalar },
      /^dit\.weights: .*holds no DiT: nothing in it is named x_embedder\.proj\.weight/,
    ],
  ])("%s", async (_, tensors, message) => {
    expect((await refusal(tensors)).message).toMatch(message);
  });

  it("another resolution, by the table of positions", async () => {
    const at = { ...task, resolution: 32 };
    expect((await refusal(weights, {}, at)).message).toMatch(
      /pos_embed is \[1, 4, 192\], .* has \[1, 16, 192\]/,
    );
    expect(() => ditFor("tiny", { ...task, resolution: 20 })).toThrow(
      /resolution 20 does not fit latent size "tiny"/,
    );
  });

  const free = weightsOf(ditFor("tiny", { resolution: 16, classes: 0 }));

  it.each<[string, NamedArrays]>([
    ["a table of one row", free],
    ["no table", without(LABELS, free)],
    [
      "an empty table",
      { ...free, [LABELS]: { dtype: "float32", shape: [0, 192], data: new Float32Array() } },
    ],
  ])("guidance of a class-free network: %s", async (_, tensors) => {
    for (const at of [task, { ...task, classes: 0 }]) {
      const guided = await refusal(tensors, { guidance: { scale: 4 } }, at);
      expect(guided.message).toMatch(/^guidance\.scale is 4, but dit\.weights .*DiT\.pt is class-free: /);
      expect(guided.fix).toMatch(/guidance: \{ scale: 1 \}/);
    }
    const labelled = await refusal(tensors);
    expect(labelled.message).toMatch(/^dit\.weights .* is class-free: .*; the data have 2 classes/);
    expect(labelled.fix).toMatch(/unconditional: true/);
  });

  it.each<[string, LatentInput, RegExp]>([
    [
      "vae.weights",
      { dit: { weights: "f" } },
      /a DiT knows the latents of the autoencoder it was trained on alone/,
    ],
    ["latentScale", optionsOf("f", { latentScale: "measured" }), /nothing is measured/],
    ["flip", optionsOf("f", { flip: true }), /nothing is trained where `dit\.weights` is a file/],
    [
      "dit.steps",
      optionsOf("f", { dit: { weights: "f", steps: 3 } }),
      /nothing is trained where `dit\.weights` is a file/,
    ],
    ["dit.batchSize", optionsOf("f", { dit: { weights: "f", batchSize: 3 } }), /nothing is trained where/],
    ["dit.weights", { weights: "f", dit: { weights: "g" } }, /nothing is trained where `weights` is a file/],
  ])("%s beside", (path, options, message) => {
    const { error } = schema.safeParse(options);
    expect(error!.issues.map((issue) => issue.path.join("."))).toEqual([path]);
    expect(error!.issues[0]!.message).toMatch(message);
  });
});
