import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { type NamedArrays, writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import type { Program, Tensors } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { networkStates } from "../../../../plugins/models/epg/checkpoint.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { openCheckpoint } from "../../../../plugins/models/epg/open-checkpoint.ts";
import { type EpgInput, schema } from "../../../../plugins/models/epg/options.ts";
import { networkShape } from "../../../../plugins/models/epg/sizes.ts";
import { autoguidance, autoguidanceReleased } from "../../../../plugins/models/factories.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { casePath, cases, readTensors, shapeOf } from "./fixtures.ts";
import { prefixed, randomEncoder, randomWeights, writePth } from "./weights.ts";

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

const named = (input: EpgInput) => model.pretrained!(schema.parse(input) as never);

/** The only file that the options name. */
async function read(input: EpgInput, at = task) {
  const [pretrained, ...others] = named(input);
  expect(others).toEqual([]);
  const file = await pretrained!.open(pretrained!.file, at);
  const tensors = await file.read();
  await file.close();
  return { stage: pretrained!.stage, told: file.part, tensors };
}

const loaded = (path: string, part: "ema" | "online" | "target" | null = null) =>
  read({ weights: { file: path, part } });

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

  test("the index of several files", async () => {
    const folder = temporaryFolder();
    const names = Object.keys(online);
    const shards: Record<string, string[]> = {
      "1.safetensors": names.slice(0, 9),
      "2.safetensors": names.slice(9),
    };
    const map = Object.entries(shards).flatMap(([shard, some]) => some.map((name) => [name, shard]));
    for (const [shard, some] of Object.entries(shards)) {
      const tensors = Object.fromEntries(some.map((name) => [name, online[name]!]));
      writeFileSync(join(folder, shard), writeSafetensors(tensors, {}));
    }
    const path = join(folder, "model.safetensors.index.json");
    writeFileSync(path, JSON.stringify({ weight_map: Object.fromEntries(map) }));
    const { tensors } = await loaded(path);
    for (const [key, { data }] of Object.entries(tensors)) expectSame(data, online[key]!.data);
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
      shape: [1, 1, tiny.width],
      data: new Uint16Array(tiny.width).fill(0x3f80),
    } as const;
    const { tensors } = await loaded(
      fileOf({
        ...online,
        cls_token: half,
        "projection_head.0.weight": { dtype: "float32", shape: [1], data: Float32Array.of(1) },
        "projection_head.1.num_batches_tracked": { dtype: "int64", shape: [], data: BigInt64Array.of(5n) },
      }),
    );
    expect(tensors.cls_token!.data).toEqual(new Float32Array(tiny.width).fill(1));
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
      new RegExp(
        `file\\.safetensors is of another size: class_embed\\.weight is \\[9, 256\\], EPG tiny at 32 px with 8 classes has \\[9, ${tiny.width}\\]; so are \\d+ more`,
      ),
    ],
    [
      "other classes",
      () => fileOf(randomWeights(networkShape("tiny", { ...task, classes: 3 }))),
      new RegExp(
        `class_embed\\.weight is \\[4, ${tiny.width}\\], EPG tiny at 32 px with 8 classes has \\[9, ${tiny.width}\\]$`,
      ),
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

describe("a pre-trained encoder in place of pre-training", () => {
  const encoder = randomEncoder("tiny", task, 3);
  const target = randomEncoder("tiny", task, 4);
  const bare = Object.fromEntries(
    Object.entries(encoder).filter(([name]) => !name.startsWith("projection_head.")),
  );
  const consistency = (file: string): EpgInput => ({
    objective: "consistency",
    pretraining: { weights: file },
  });

  test("its projector comes along for the consistency objective alone", async () => {
    const path = fileOf(encoder, "nnet.pth");
    const diffusion = await read({ pretraining: { weights: path } });
    expect(diffusion).toMatchObject({ stage: "pre-training", told: "the part online" });
    expect(Object.keys(diffusion.tensors).sort()).toEqual(Object.keys(bare).sort());
    const { tensors } = await read(consistency(path));
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(encoder).sort());
    for (const [key, { data }] of Object.entries(tensors)) expectSame(data, encoder[key]!.data);
  });

  test("nothing is pre-trained, and fine-tuning starts from it", () => {
    for (const objective of ["diffusion", "consistency"] as const) {
      const options = schema.parse({ objective, pretraining: { weights: "nnet.pth" } });
      const [stage, ...others] = model.stages(options, task);
      expect(others).toEqual([]);
      expect(stage).toMatchObject({ after: ["pre-training"], share: 1 });
      const start = stage!.start({ previous: { "pre-training": encoder } } as never);
      expect(start["blocks.0.attn.qkv.weight"]).toBe(encoder["blocks.0.attn.qkv.weight"]);
      expect(Object.keys(start).some((name) => name.includes("projection_head"))).toBe(
        objective === "consistency",
      );
      expect(model.deviations(options, task).join()).not.toMatch(/pre-training/i);
    }
  });

  test("online where nothing is said, the target by its name or in our own training's checkpoint", async () => {
    const both = fileOf({ ...encoder, ...prefixed("ema/", target) });
    expect((await read({ pretraining: { weights: both } })).tensors.cls_token!.data).toEqual(
      encoder.cls_token!.data,
    );
    const asked = await read({ pretraining: { weights: { file: both, part: "target" } } });
    expect(asked.told).toBe("the part target (under ema/)");
    expect(asked.tensors.cls_token!.data).toEqual(target.cls_token!.data);
    const released = fileOf(target, "target_model.pth");
    expect((await read({ pretraining: { weights: released } })).told).toBe("the part target");
  });

  test("without its projector it serves diffusion, not consistency", async () => {
    const path = fileOf(bare);
    expect(Object.keys((await read({ pretraining: { weights: path } })).tensors)).toContain("cls_token");
    await expect(read(consistency(path))).rejects.toThrow(
      /^pretraining\.weights: file\.safetensors lacks \d+ parameters of the encoder of EPG tiny at 32 px with its projector: projection_head\.0\.weight/,
    );
  });

  test.each<[string, () => string, RegExp]>([
    [
      "another size",
      () => fileOf(randomEncoder("small", task)),
      /pretraining\.weights: .* another size: .* is \[.*\], the encoder of EPG tiny at 32 px has \[/,
    ],
    [
      "another resolution",
      () => fileOf(randomEncoder("tiny", { ...task, resolution: 96 })),
      /patch_embed\.proj\.weight is \[\d+, 3, 12, 12\], the encoder of EPG tiny at 32 px has \[/,
    ],
    [
      "a fine-tuned model",
      () => fileOf(online),
      /holds a fine-tuned model \(decoder_blocks\.…\), no pre-trained/,
    ],
    [
      "surplus parameters",
      () => fileOf({ ...encoder, "blocks.0.ls": encoder.cls_token! }),
      /has 1 parameters .* has not: blocks\.0\.ls/,
    ],
  ])("refuses %s", async (_, file, message) => {
    const refused = read({ pretraining: { weights: file() } });
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
  });

  test.each(["share", "steps", "learningRate", "temperature", "targetBatchNorm"])(
    "refuses to be told its %s",
    (name) => {
      const values = {
        share: 0.2,
        steps: 4,
        learningRate: 1e-3,
        temperature: "constant",
        targetBatchNorm: "batch",
      };
      const pretraining = { weights: "nnet.pth", [name]: values[name as "share"] };
      const { error } = schema.safeParse({ pretraining });
      expect(error!.issues[0]).toMatchObject({ path: ["pretraining", name] });
    },
  );
});

describe("a poor network's checkpoint", () => {
  const poor = randomWeights(networkShape("small", task), 5);

  test("of its own size, beside trained and beside pre-trained weights", async () => {
    const path = fileOf(poor, "poor.safetensors");
    const guidance = { kind: "autoguidance", scale: 2, size: "small", weights: path } as const;
    expect(await read({ guidance })).toMatchObject({ stage: "poor network", told: "the part unnamed" });
    expect(model.stages(schema.parse({ guidance }), task).map(({ name, share }) => [name, share])).toEqual([
      ["pre-training", 0.3],
      ["diffusion fine-tuning", 0.7],
    ]);
    expect(named({ guidance, weights: "epg.pth" }).map(({ stage, file }) => [stage, file])).toEqual([
      ["diffusion fine-tuning", "epg.pth"],
      ["poor network", path],
    ]);
    expect(model.stages(schema.parse({ guidance, weights: "epg.pth" }), task)).toEqual([]);
    await expect(read({ guidance: { ...guidance, size: null } })).rejects.toThrow(
      /^guidance\.weights: poor\.safetensors is of another size/,
    );
  });

  test("is refused where it sees images normalised otherwise", () => {
    const guidance = { kind: "autoguidance", scale: 2, size: "XL/16", weights: "poor.safetensors" } as const;
    expect(() => named({ guidance, weights: "epg.pth" })).toThrow(
      /^guidance\.size is "XL\/16", which sees images normalised as "imagenet", but size "tiny" as "simple"/,
    );
  });

  test("is called once a level, and billed with its own size", async () => {
    const calls: Program[] = [];
    const compile = async (program: Program) => ({
      program,
      run: async ({ x }: Tensors) => {
        calls.push(program);
        return { denoised: { ...x!, data: new Float32Array(x!.data.length) } };
      },
      dispose: async () => {},
    });
    const options = schema.parse({
      sampler: { kind: "euler", steps: 3 },
      guidance: { kind: "autoguidance", scale: 2, size: "small", weights: "poor.safetensors" },
    });
    const weights = { "diffusion fine-tuning": online, "poor network": poor };
    const sampler = await model.sampler(options, task, weights, { compile } as never, 1);
    await sampler.sample([createStream(0)], [1]);
    expect(sampler.description).toMatchObject({ guidance: "autoguidance", guidanceScale: 2 });
    const [own, its] = calls;
    expect(calls).toEqual([own, its, own, its, own, its]);
    expect(its!.macs / own!.macs).toBeGreaterThan(2);
    expect(its!.parameters).toBe(Object.values(poor).reduce((sum, { data }) => sum + data.length, 0));
  });

  test("the released scale is one less than the paper's", () => {
    const scaled = (guidance: EpgInput["guidance"]) => schema.parse({ guidance }).guidance;
    expect(scaled(autoguidanceReleased({ scale: 1.5 }))).toEqual(scaled(autoguidance({ scale: 2.5 })));
  });

  test.each<[EpgInput, RegExp]>([
    [{ weights: "a.pth", guidance: { kind: "autoguidance", scale: 2 } }, /guidance\.kind is "autoguidance"/],
    [
      { weights: "a.pth", pretraining: { weights: "b.pth" } },
      /pretraining\.weights is "b\.pth", but weights is "a\.pth"/,
    ],
  ])("%j is refused", (input, message) => {
    expect(() => named(input)).toThrow(message);
  });
});

test.skipIf(cases.length === 0).each(cases)("the reference weights of %s load by identity", async (name) => {
  const path = casePath(name, "weights.safetensors");
  const states = networkStates(shapeOf(casePath(name, "config.json")));
  const wanted = {
    option: "weights",
    kind: "encoder-decoder",
    states,
    title: name,
    preferred: [null],
  } as const;
  const { part, read, close } = await openCheckpoint(path, wanted, null);
  const tensors = await read();
  await close();
  const { tensors: expected } = readTensors(path);
  expect(part.prefix).toBe("");
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected).sort());
  for (const [key, { data }] of Object.entries(tensors)) expectSame(data, expected[key]!.data);
});
