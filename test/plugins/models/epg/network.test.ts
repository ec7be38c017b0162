/** The network as a program: nothing here allocates a weight. */
import { describe, expect, test } from "vitest";
import type { Initialiser, Program } from "../../../../harness/program/index.ts";
import model from "../../../../plugins/models/epg/index.ts";
import type { NetworkShape } from "../../../../plugins/models/epg/network.ts";
import { schema } from "../../../../plugins/models/epg/options.ts";
import { denoiserProgram } from "../../../../plugins/models/epg/samplers/denoiser.ts";
import { networkShape, SIZES, type SizeName } from "../../../../plugins/models/epg/sizes.ts";

const classes = 1000;
const sides: Partial<Record<SizeName, number>> = { "L/32": 512, tiny: 32, small: 64, base: 64 };
const shapeOf = (size: SizeName): NetworkShape =>
  networkShape(size, { resolution: sides[size] ?? 256, classes });
const programOf = (size: SizeName): Program =>
  denoiserProgram({ shape: shapeOf(size), target: "x0", batchSize: 1 });

/** Parameters in millions, multiply-adds of a forward pass in billions, attention counted and not. */
const PUBLISHED: readonly (readonly [SizeName, number, number, number])[] = [
  ["L/16", 540.2, 117.4, 113.0],
  ["XL/16", 583.0, 131.3, 127.5],
  ["XXL/16", 788.9, 180.2, 175.9],
  ["G/16", 1391.9, 326.0, 320.5],
  ["L/32", 544.9, 118.6, 114.3],
];

test.each(PUBLISHED)("%s: parameters and multiply-adds as published", (size, parameters, macs, without) => {
  const program = programOf(size);
  const attention = program.nodes
    .filter(({ op }) => op.name === "attention")
    .reduce((sum, node) => sum + node.op.cost(node.inputs, node.outputs, node.attributes).macs, 0);
  expect(program.parameters / 1e6).toBeCloseTo(parameters, 1);
  expect(program.macs / 1e9).toBeCloseTo(macs, 1);
  expect((program.macs - attention) / 1e9).toBeCloseTo(without, 1);
});

/** Counted by hand: D of the encoder, E of the decoder, P patches, a patch being p²·3 numbers. */
function parametersOf({ width: D, decoderWidth: E, depth, decoderDepth, patch, resolution }: NetworkShape) {
  const pixels = 3 * patch ** 2;
  const tokens = 2 + (resolution / patch) ** 2;
  const block = (w: number) => 3 * w * w + (w * w + w) + (4 * w * w + 4 * w) + (4 * w * w + w) + 4 * w;
  const decoderBlock = block(E) + (D + E) * E + E + 2 * E + 6 * E * (D + 1);
  const embeddings = D + tokens * D + (pixels * D + D) + (classes + 1) * D;
  const between = 2 * D + (D === E ? 0 : (D + 1) * E);
  return embeddings + depth * block(D) + between + decoderDepth * decoderBlock + 2 * E + (E + 1) * pixels;
}

const sizes = Object.keys(SIZES) as SizeName[];

test.each(sizes)("%s: every parameter is one of those counted by hand", (size) => {
  expect(programOf(size).parameters).toBe(parametersOf(shapeOf(size)));
});

test("the small sizes grow", () => {
  const [tiny, small, base] = (["tiny", "small", "base"] as const).map((size) => programOf(size).parameters);
  expect(tiny).toBeLessThan(small! / 3);
  expect(small).toBeLessThan(base! / 2);
});

const layer = (name: string) => [`${name}.weight`, `${name}.bias`];
const encoderNames = ({ depth }: NetworkShape): string[] => [
  "cls_token",
  "pos_embed",
  ...layer("patch_embed.proj"),
  ...Array.from({ length: depth }, (_, i) => blockNames(`blocks.${i}`)).flat(),
  ...layer("norm"),
];
const blockNames = (block: string): string[] => [
  ...["norm1", "norm2", "attn.proj", "mlp.fc1", "mlp.fc2"].flatMap((name) => layer(`${block}.${name}`)),
  `${block}.attn.qkv.weight`,
];
const decoderNames = ({ decoderDepth }: NetworkShape): string[] => [
  "class_embed.weight",
  ...Array.from({ length: decoderDepth }, (_, i) => `decoder_blocks.${i}`).flatMap((block) => [
    ...blockNames(block),
    ...["skip_linear", "skip_norm", "adaLN_modulation.1"].flatMap((name) => layer(`${block}.${name}`)),
  ]),
  ...layer("out_norm"),
  ...layer("out"),
];

describe.each(["L/16", "XL/16"] as const)("%s", (size) => {
  const shape = shapeOf(size);
  const options = schema.parse({ size });
  const [pretraining, fineTuning] = model
    .stages({ ...options, batchSize: 2 }, { resolution: 256, classes })
    .map(({ program }) => program);
  const initialisers = (program: Program | undefined) =>
    new Map(
      program!.states
        .filter(({ trainable }) => trainable)
        .map(({ name, value, initialiser }) => [name, { shape: value.shape, initialiser }]),
    );
  const ones: Initialiser = { kind: "constant", value: 1 };
  const zeros: Initialiser = { kind: "constant", value: 0 };
  const xavier = (from: number, to: number): Initialiser => ({
    kind: "uniform",
    bound: Math.sqrt(6 / (from + to)),
  });

  test("parameters have the published names", () => {
    const between = size === "XL/16" ? layer("encoder_to_decoder") : [];
    expect([...initialisers(fineTuning).keys()].sort()).toEqual(
      [...encoderNames(shape), ...between, ...decoderNames(shape)].sort(),
    );
    const head = [0, 3, 6].map((i) => `projection_head.${i}.weight`);
    const batchNorms = [1, 4].flatMap((i) => layer(`projection_head.${i}`));
    expect([...initialisers(pretraining).keys()].sort()).toEqual(
      [...encoderNames(shape), ...head, ...batchNorms].sort(),
    );
    const statistics = [1, 4].flatMap((i) => [
      `projection_head.${i}.running_mean`,
      `projection_head.${i}.running_var`,
    ]);
    expect(pretraining!.states.map(({ name }) => name)).toEqual(expect.arrayContaining(statistics));
  });

  test("and start as published, in both stages", () => {
    const { width: D, decoderWidth: E, patch } = shape;
    const expectAll = (program: Program | undefined, expected: Readonly<Record<string, Initialiser>>) => {
      for (const [name, wanted] of Object.entries(expected))
        expect(initialisers(program).get(name)!.initialiser, name).toEqual(wanted);
    };
    const common = {
      cls_token: { kind: "normal", deviation: 1e-6 },
      pos_embed: { kind: "truncatedNormal", deviation: 0.02 },
      "patch_embed.proj.weight": xavier(3 * patch ** 2, D),
      "patch_embed.proj.bias": zeros,
      "blocks.1.norm1.weight": ones,
      "blocks.1.norm1.bias": zeros,
      "blocks.1.attn.proj.weight": xavier(D, D),
      "blocks.1.attn.proj.bias": zeros,
      "blocks.1.mlp.fc1.weight": xavier(D, 4 * D),
      "blocks.1.mlp.fc2.weight": xavier(4 * D, D),
      "norm.weight": ones,
    } as const;
    expectAll(pretraining, {
      ...common,
      "blocks.1.attn.qkv.weight": xavier(D, D),
      "projection_head.0.weight": xavier(D, 4096),
      "projection_head.1.weight": ones,
      "projection_head.3.weight": xavier(4096, 4096),
      "projection_head.6.weight": xavier(4096, 256),
    });
    expectAll(fineTuning, {
      ...common,
      "blocks.1.attn.qkv.weight": xavier(D, 3 * D),
      "class_embed.weight": { kind: "normal", deviation: 0.02 },
      "decoder_blocks.1.skip_linear.weight": xavier(D + E, E),
      "decoder_blocks.1.attn.qkv.weight": xavier(E, 3 * E),
      "decoder_blocks.1.adaLN_modulation.1.weight": zeros,
      "decoder_blocks.1.adaLN_modulation.1.bias": zeros,
      "out.weight": zeros,
      "out.bias": zeros,
      ...(D === E ? {} : { "encoder_to_decoder.weight": xavier(D, E) }),
    });
    expect(initialisers(fineTuning).get("patch_embed.proj.weight")!.shape).toEqual([D, 3, patch, patch]);
    expect(initialisers(fineTuning).get("decoder_blocks.0.mlp.fc1.weight")!.shape).toEqual([4 * E, E]);
  });
});

test.each(sizes)("%s: a side the patch does not divide is refused, with one that fits", (size) => {
  const side = (sides[size] ?? 256) + 1;
  expect(() => networkShape(size, { resolution: side, classes })).toThrow(
    `resolution ${side} is not a multiple of`,
  );
  expect(() => networkShape(size, { resolution: sides[size] ?? 256, classes })).not.toThrow();
});
