import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { type NamedArrays, writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import { openCheckpoint } from "../../../../plugins/models/epg/checkpoint.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { type EpgInput, schema } from "../../../../plugins/models/epg/options.ts";
import { networkShape } from "../../../../plugins/models/epg/sizes.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { casePath, cases, readTensors, shapeOf } from "./fixtures.ts";
import { prefixed, randomWeights, writePth } from "./weights.ts";

const task = { resolution: 32, classes: 8 };
const tiny = networkShape("tiny", task);
const online = randomWeights(tiny, 1);
const average = randomWeights(tiny, 2);

function fileOf(tensors: NamedArrays, name = "file.safetensors", metadata = {}): string {
  const path = join(temporaryFolder(), name);
  if (name.endsWith(".pth")) writePth(path, tensors);
  else writeFileSync(path, writeSafetensors(tensors, metadata));
  return path;
}

const opened = (input: EpgInput, path: string) =>
  model.pretrained!(schema.parse(input) as never)!.open(path, task);

async function loaded(path: string, part: "ema" | "online" | "target" | null = null) {
  const file = await opened({ weights: { file: path, part } }, path);
  const weights = await file.read();
  await file.close();
  return { told: file.part, tensors: weights["diffusion fine-tuning"]! };
}

/** Faster by far than `toEqual`. */
const expectSame = (a: ArrayBufferView, b: ArrayBufferView): void => {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  expect(bytes(a).equals(bytes(b))).toBe(true);
};

const both = { ...prefixed("nnet/", online), ...prefixed("nnet_ema/", average) };

describe("parts", () => {
  test.each<[string, NamedArrays, string, NamedArrays]>([
    ["a flat file", online, "any.safetensors", online],
    ["a flat file of PyTorch's", online, "EPG.pth", online],
    ["a file of several parts: the average", both, "all.pth", average],
    [
      "our own training's: the average",
      { ...online, ...prefixed("ema/", average) },
      "c.safetensors",
      average,
    ],
    ["data parallel's prefix", prefixed("module.", online), "module.pth", online],
  ])("%s", async (_, tensors, name, expected) => {
    const { tensors: found } = await loaded(fileOf(tensors, name));
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [key, { data }] of Object.entries(found)) expectSame(data, expected[key]!.data);
  });

  test("the part that is asked for", async () => {
    const path = fileOf(both);
    expect((await loaded(path, "online")).tensors.cls_token!.data).toEqual(online.cls_token!.data);
    expect((await loaded(path)).told).toBe("the part ema (under nnet_ema/)");
    await expect(loaded(path, "target")).rejects.toThrow(
      'has no part "target"; it has online (under nnet/), ema (under nnet_ema/)',
    );
  });

  test.each([
    ["nnet.pth", "online"],
    ["nnet_ema.pth", "ema"],
    ["target_model.pth", "target"],
    ["EPG-XL16-imagenet256.pth", "unnamed"],
  ])("a flat file's role by its name: %s", async (name, role) => {
    expect((await loaded(fileOf(online, name))).told).toBe(`the part ${role}`);
  });

  test("a flat file's role by its metadata", async () => {
    expect((await loaded(fileOf(online, "w.safetensors", { part: "ema" }))).told).toBe("the part ema");
  });

  test("two averages are not chosen between", async () => {
    const path = fileOf({ ...prefixed("ema/", online), ...prefixed("ema2.ema.", average) });
    await expect(loaded(path)).rejects.toThrow("2 parts that could be meant");
  });

  test("16-bit floats are widened; a projector and counters left behind are no surplus", async () => {
    const half = {
      dtype: "bfloat16",
      shape: [1, 1, 192],
      data: new Uint16Array(192).fill(0x3f80),
    } as const;
    const { tensors } = await loaded(
      fileOf({
        ...online,
        cls_token: half,
        "projection_head.0.weight": { dtype: "float32", shape: [1], data: Float32Array.of(1) },
        "projection_head.1.num_batches_tracked": { dtype: "int64", shape: [], data: BigInt64Array.of(5n) },
      }),
    );
    expect(tensors.cls_token!.data).toEqual(new Float32Array(192).fill(1));
    expect(tensors).not.toHaveProperty(["projection_head.0.weight"]);
  });
});

describe("refuses", () => {
  const without = (name: string): NamedArrays =>
    Object.fromEntries(Object.entries(online).filter(([key]) => key !== name));
  const extra = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } as const;

  test.each<[string, () => string, RegExp]>([
    [
      "another size, by the first parameter and both shapes",
      () => fileOf(randomWeights(networkShape("small", task))),
      /file\.safetensors is of another size: class_embed\.weight is \[9, 256\], EPG tiny at 32 px with 8 classes has \[9, 192\]; so are \d+ more/,
    ],
    [
      "other classes",
      () => fileOf(randomWeights(networkShape("tiny", { ...task, classes: 3 }))),
      /class_embed\.weight is \[4, 192\], EPG tiny at 32 px with 8 classes has \[9, 192\]$/,
    ],
    [
      "a missing parameter",
      () => fileOf(without("out.bias")),
      /lacks 1 parameters of EPG tiny .*: out\.bias$/,
    ],
    [
      "surplus parameters, of which it names three",
      () => fileOf({ ...online, ...prefixed("blocks.0.ls", { a: extra, b: extra, c: extra, d: extra }) }),
      /has 4 parameters that EPG tiny .* has not: blocks\.0\.lsa, blocks\.0\.lsb, blocks\.0\.lsc and 1 more/,
    ],
    [
      "another model",
      () => fileOf({ w: extra }),
      /holds no EPG: nothing in it is named patch_embed\.proj\.weight/,
    ],
    [
      "a pre-trained encoder",
      () =>
        fileOf({
          ...Object.fromEntries(
            Object.entries(online).filter(([name]) => !/^(decoder|out|class)/.test(name)),
          ),
          "projection_head.0.weight": extra,
        }),
      /holds a pre-trained encoder .* without a decoder/,
    ],
    [
      "what is no file of tensors",
      () => {
        const path = join(temporaryFolder(), "page.pth");
        writeFileSync(path, "<html>");
        return path;
      },
      /not a file of tensors/,
    ],
  ])("%s", async (_, file, message) => {
    const refused = loaded(file());
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
  });

  test("a file that is gone", async () => {
    const path = fileOf(online);
    rmSync(path);
    await expect(loaded(path)).rejects.toThrow(UserError);
  });
});

test.skipIf(cases.length === 0).each(cases)("the reference weights of %s load by identity", async (name) => {
  const path = casePath(name, "weights.safetensors");
  const { part, read, close } = await openCheckpoint(
    path,
    shapeOf(casePath(name, "config.json")),
    null,
    name,
  );
  const tensors = await read();
  await close();
  const { tensors: expected } = readTensors(path);
  expect(part.prefix).toBe("");
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected).sort());
  for (const [key, { data }] of Object.entries(tensors)) expectSame(data, expected[key]!.data);
});
