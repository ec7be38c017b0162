import { describe, expect, test } from "vitest";
import { recogniseTensors } from "../../../../harness/config/plugins.ts";
import type { NamedArrays } from "../../../../harness/formats/safetensors.ts";
import type { RecognisedPart } from "../../../../harness/plugin.ts";
import { networkStates } from "../../../../plugins/models/epg/checkpoint.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { schema } from "../../../../plugins/models/epg/options.ts";
import { networkShape, type SizeName } from "../../../../plugins/models/epg/sizes.ts";
import { casePath, cases, readTensors } from "./fixtures.ts";
import { prefixed, randomWeights } from "./weights.ts";

type Shapes = ReadonlyMap<string, readonly number[]>;

const recognised = (shapes: Shapes, path = "x.pth", metadata = new Map<string, string>()) =>
  recogniseTensors({ path, shapes, metadata });

const shapesIn = (tensors: NamedArrays): Shapes =>
  new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));

const statesOf = (
  name: SizeName,
  task: { resolution: number; classes: number },
): Map<string, readonly number[]> =>
  new Map(networkStates(networkShape(name, task)).map(({ name: key, value }) => [key, value.shape]));

const whole = { missing: [], surplus: [], misshapen: [] };

describe("sizes", () => {
  test.each<[SizeName, number, number]>([
    ["L/16", 256, 540.2],
    ["XL/16", 256, 583.0],
    ["XXL/16", 256, 788.9],
    ["G/16", 256, 1391.9],
    ["L/32", 512, 544.9],
    ["tiny", 32, 1.2],
    ["base", 64, 32],
  ])("%s at %d px", async (size, resolution, millions) => {
    const [part, ...others] = await recognised(statesOf(size, { resolution, classes: 1000 }));
    expect(others).toEqual([]);
    expect(part).toMatchObject({
      family: "EPG",
      size: `${size}, ${resolution} px, 1000 classes`,
      role: null,
      prefix: "",
      ...whole,
    });
    if (resolution > 64) expect(part!.parameters / 1e6).toBeCloseTo(millions, 1);
  });

  test("an unlisted one is told by its dimensions", async () => {
    const shape = { ...networkShape("tiny", { resolution: 32, classes: 2 }), depth: 3, decoderWidth: 96 };
    const [part] = await recognised(
      new Map(networkStates(shape).map(({ name, value }) => [name, value.shape])),
    );
    expect(part).toMatchObject({
      size: "no listed size: 3 + 2 blocks of widths 192 and 96, patches of 8 px, 32 px, 2 classes",
      ...whole,
    });
  });
});

describe("parts", () => {
  const tiny = randomWeights(networkShape("tiny", { resolution: 32, classes: 8 }));
  const summary = (parts: readonly RecognisedPart[]) =>
    parts.map(({ family, size, role, prefix }) => [family, size, role, prefix]);

  test("of one file are told apart", async () => {
    const parts = await recognised(shapesIn({ ...prefixed("nnet/", tiny), ...prefixed("nnet_ema/", tiny) }));
    expect(summary(parts)).toEqual([
      ["EPG", "tiny, 32 px, 8 classes", "online", "nnet/"],
      ["EPG", "tiny, 32 px, 8 classes", "ema", "nnet_ema/"],
    ]);
    expect(parts[0]!.parameters).toBe(parts[1]!.parameters);
  });

  test("of our own pre-training: the weights that step, and their target; moments are neither", async () => {
    const [stage] = model.stages(schema.parse({}) as never, { resolution: 32, classes: 8 });
    const shapes = new Map(stage!.program.states.map(({ name, value }) => [name, value.shape]));
    const parts = await recognised(shapes);
    const family = "EPG, pre-trained encoder with projector";
    expect(summary(parts)).toEqual([
      [family, "tiny, 32 px", null, ""],
      [family, "tiny, 32 px", "target", "ema/"],
    ]);
    expect(parts).toMatchObject([whole, whole]);
  });

  test("what is missing, surplus or of another shape is named", async () => {
    const shapes = statesOf("tiny", { resolution: 32, classes: 8 });
    shapes.delete("norm.bias");
    shapes.set("blocks.0.ls1.gamma", [192]).set("out.bias", [3]);
    const [part] = await recognised(shapes);
    expect(part).toMatchObject({
      missing: ["norm.bias"],
      surplus: ["blocks.0.ls1.gamma"],
      misshapen: [{ name: "out.bias", expected: [192], found: [3] }],
    });
  });
});

test.each<[string, Shapes]>([
  [
    "another vision transformer",
    new Map([
      ["patch_embed.proj.weight", [384, 3, 14, 14]],
      ["blocks.0.norm1.weight", [384]],
    ]),
  ],
  ["nothing known", new Map([["w", [2, 2]]])],
])("%s is not taken for EPG", async (_, shapes) => {
  expect(await recognised(shapes)).toEqual([]);
});

test("a file of a thousand parts is no checkpoint", async () => {
  const tiny = statesOf("tiny", { resolution: 32, classes: 8 });
  const parts = Array.from({ length: 1000 }, (_, k) =>
    [...tiny].map(([name, shape]) => [`${k}/${name}`, shape] as const),
  );
  expect(await recognised(new Map(parts.flat()))).toEqual([]);
});

test("shapes that no network has cost nothing", async () => {
  const shapes = statesOf("tiny", { resolution: 32, classes: 8 });
  for (const [name, shape] of [
    ["patch_embed.proj.weight", [2 ** 40, 3, 2 ** 20, 4]],
    ["pos_embed", [1, 2 ** 50, 2]],
    ["cls_token", []],
  ] as const)
    expect((await recognised(new Map([...shapes, [name, shape]])))[0]!.size, name).toBe("of no known form");
});

test.skipIf(cases.length === 0).each(cases)("the reference weights of %s", async (name) => {
  const shapes = (file: string): Shapes =>
    new Map(
      Object.entries(readTensors(casePath(name, file)).tensors).map(([key, { shape }]) => [key, shape]),
    );
  expect(await recognised(shapes("weights.safetensors"))).toMatchObject([{ family: "EPG", ...whole }]);
  for (const file of ["pretrain-online-weights.safetensors", "pretrain-target-weights.safetensors"])
    expect(await recognised(shapes(file), file)).toMatchObject([
      { family: "EPG, pre-trained encoder with projector", role: file.split("-")[1], ...whole },
    ]);
});
