import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { countingRuntime } from "../../../../harness/measure/counting.ts";
import type { Model } from "../../../../harness/plugin.ts";
import { encodeModel } from "../../../../harness/program/onnx/schema.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { writeOnnx } from "../../../../harness/run/export-onnx.ts";
import backend from "../../../../plugins/backends/onnxruntime/index.ts";
import epg from "../../../../plugins/models/epg/index.ts";
import { type EpgInput, schema as epgSchema } from "../../../../plugins/models/epg/options.ts";
import { networkShape } from "../../../../plugins/models/epg/sizes.ts";
import model from "../../../../plugins/models/onnx/index.ts";
import { type OnnxInput, schema } from "../../../../plugins/models/onnx/options.ts";
import { randomWeights } from "../epg/weights.ts";

const folder = mkdtempSync(join(tmpdir(), "epg-bench-onnx-"));
afterAll(() => rmSync(folder, { recursive: true }));
const context = { baseFolder: folder };
const TASK = { resolution: 32, classes: 8 };

const streams = (n: number) => Array.from({ length: n }, (_, k) => createStream(3, "sample", k));
const noRuntime = { compile: () => Promise.reject(new Error("nothing is compiled")) };

async function sampled(of: Model, options: unknown, weights = {}, runtime = noRuntime, task = TASK, n = 3) {
  const sampler = await of.sampler(options as never, task, weights, runtime as never, n, context);
  const labels = [3, -1, 0, 1, 2].slice(0, n);
  const images = await sampler.sample(streams(n), labels);
  const calls = sampler.calls?.();
  await sampler.dispose();
  return { images, calls };
}

describe("what `export onnx` writes of EPG", () => {
  const weights = randomWeights(networkShape("tiny", TASK));

  async function both(input: EpgInput, name: string, options: Omit<OnnxInput, "file">) {
    const parsed = epgSchema.parse(input);
    const network = epg.exported!(parsed, TASK, 2, {})[name]!;
    const file = `${name}.onnx`;
    await writeOnnx(join(folder, file), { network, weights, metadata: { ...network.conventions } }, 1000);
    const runtime = countingRuntime(await backend.open({ threads: 2 }));
    const ours = await sampled(epg as Model, parsed, { [network.stage]: weights }, runtime as never);
    const { network: counted } = runtime.tallies;
    return {
      ours: ours.images,
      calls: counted.calls,
      parameters: counted.parameters,
      macs: counted.macs / 3,
      of: schema.parse({ file, ...options }),
    };
  }

  it.each([
    ["generator", { objective: "consistency" }, {}, 1],
    ["denoiser", { sampler: { kind: "heun", steps: 3 } }, { sampler: { kind: "heun", steps: 3 } }, 5],
    [
      "denoiser",
      { sampler: { kind: "ancestralEuler", steps: 3 }, guidance: { scale: 2, low: 0.1, high: 3 } },
      { sampler: { kind: "ancestralEuler", steps: 3 }, guidance: { scale: 2, low: 0.1, high: 3 } },
      4,
    ],
  ] as const)("makes EPG's own images with almost no options: %s %j", async (name, input, options, calls) => {
    const { ours, of, ...expected } = await both(input, name, options);
    // Three images through a file that takes two a call.
    const found = await sampled(model as Model, of);
    const worst = found.images.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(1);
    expect(new Set(found.images).size).toBeGreaterThan(20);
    expect(expected.calls).toBe(calls);
    expect(found.calls).toEqual({ value: calls, by: "counted" });
    expect(await model.elsewhere!(of, TASK, context)).toEqual({
      calls: { value: calls, by: "counted" },
      // By the file's own account, of an image.
      macs: { value: expected.macs, by: "reported" },
      parameters: { value: expected.parameters, by: "counted" },
      trainFlops: null,
      ownProcess: false,
    });
  });

  it("is sampled again on the same terms as EPG itself, to the same images", async () => {
    for (const guidance of [null, 2]) {
      const terms = { calls: 15, guidance };
      const patch = epg.resampled!(epgSchema.parse({}), TASK, terms, context) as EpgInput;
      const { ours, of } = await both(patch, "denoiser", {});
      const again = await model.resampled!(of, TASK, terms, context);
      const found = await sampled(
        model as Model,
        schema.parse({ file: "denoiser.onnx", ...(again as object) }),
      );
      const worst = found.images.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i]!)), 0);
      expect(worst).toBeLessThanOrEqual(1);
      expect(found.calls!.value).toBeLessThanOrEqual(15);
    }
    const why = (file: string, calls: number, guidance: number | null, noClass: number | null = null) =>
      model.resampled!(schema.parse({ file, noClass }), TASK, { calls, guidance }, context);
    expect(await why("generator.onnx", 15, null)).toMatch(/is a generator, called once an image/);
    expect(await why("denoiser.onnx", 2, null)).toMatch(/too few/);
    expect(await why("denoiser.onnx", 1, 2)).toMatch(/no guided step fits/);
    expect(await why("denoiser.onnx", 1, null)).toMatchObject({ sampler: { kind: "oneStep" } });
  });

  it("is refused for data of other classes", async () => {
    const of = schema.parse({ file: "denoiser.onnx" });
    await expect(model.identity!(of, { ...TASK, classes: 5 }, context)).rejects.toThrow(
      /it knows 8 classes, the data set has 5/,
    );
  });
});

type Dims = readonly (number | null)[];
const [FLOAT32, FLOAT16, INT64] = [1, 10, 7];
const value = (name: string, dims: Dims, elemType = FLOAT32) => ({
  name,
  type: {
    tensorType: { elemType, shape: { dim: dims.map((dimValue) => (dimValue === null ? {} : { dimValue })) } },
  },
});

interface Written {
  readonly input: readonly object[];
  readonly output?: readonly object[];
  readonly initializer?: readonly object[];
}

const SIDE = 8;
const SMALL = { resolution: SIDE, classes: 3 };
const noise = value("noise", [null, 3, SIDE, SIDE]);

function write(
  file: string,
  { input, output = [value("image", [null, 3, SIDE, SIDE])], initializer = [] }: Written,
) {
  const from = (input[0] as { name: string }).name;
  const to = (output[0] as { name: string }).name;
  const bytes = encodeModel({
    irVersion: 9,
    opsetImport: [{ domain: "", version: 20 }],
    graph: {
      name: "g",
      node: [{ opType: "Tanh", input: [from], output: [to], name: "n" }],
      initializer,
      input,
      output,
    },
  });
  writeFileSync(join(folder, file), bytes);
  return file;
}

describe("a generator of anybody's", () => {
  const options = schema.parse({
    file: "tanh.onnx",
    inputs: { noise: "z", labels: "y" },
    range: [-1, 1],
    trainFlops: 1e15,
  });
  beforeAll(() => {
    const input = [value("z", [null, 3, SIDE, SIDE]), value("y", [null], INT64)];
    write("tanh.onnx", { input, output: [value("sample", [null, 3, SIDE, SIDE])] });
  });

  it("is called by its own names, its range mapped to bytes, channels last", async () => {
    const n = 3;
    const labelled = { ...SMALL, classes: 8 };
    const { images } = await sampled(model as Model, { ...options, noClass: 0 }, {}, noRuntime, labelled, n);
    const area = SIDE ** 2;
    const z = new Float32Array(3 * area);
    streams(n)[2]!.fillNormal(z);
    const byte = (c: number, pixel: number) =>
      Math.trunc(255 * (Math.tanh(z[c * area + pixel]!) / 2 + 0.5) + 0.5);
    for (const pixel of [0, 9, 63])
      for (const c of [0, 1, 2])
        expect(Math.abs(images[2 * 3 * area + 3 * pixel + c]! - byte(c, pixel))).toBeLessThanOrEqual(1);
  });

  it("has one call, no parameters without weights, and training as it is declared", async () => {
    expect(await model.elsewhere!(options, SMALL, context)).toMatchObject({
      calls: { value: 1, by: "counted" },
      parameters: { value: 0, by: "counted" },
      trainFlops: { value: 1e15, by: "declared" },
    });
  });
});

const outside = (location: string) => [
  {
    name: "w",
    dims: [4],
    dataType: FLOAT32,
    dataLocation: 1,
    externalData: [{ key: "location", value: location }],
  },
];

describe("before anything runs", () => {
  const cases: readonly (readonly [string, Written, Partial<OnnxInput>, RegExp])[] = [
    ["range", { input: [noise] }, {}, /does not tell what black and white are/],
    ["neither", { input: [value("foo", [1])] }, {}, /what its input "foo" is meant to be is not known/],
    [
      "no level",
      { input: [value("x", [1, 3, SIDE, SIDE])] },
      {},
      /a generator has noise, a denoiser x and sigma/,
    ],
    ["no name", { input: [noise] }, { inputs: { labels: "y" } }, /it has no input "y", but noise/],
    [
      "half",
      { input: [value("noise", [1, 3, SIDE, SIDE], FLOAT16)] },
      {},
      /noise is element type 10 .*not float32/,
    ],
    [
      "size",
      { input: [noise], output: [value("image", [null, 3, 16, 16])] },
      {},
      /image is float32 \[\?, 3, 16, 16\], not/,
    ],
    [
      "last",
      { input: [noise], output: [value("image", [null, SIDE, SIDE, 3])] },
      {},
      /channels|not float32 \[batch, 3, 8, 8\]/,
    ],
    [
      "two",
      { input: [noise], output: [value("a", [1, 3, SIDE, SIDE]), value("b", [1])] },
      {},
      /it has the outputs a, b/,
    ],
    [
      "labels",
      { input: [noise, value("labels", [null])] },
      {},
      /labels is float32 \[\?\], not int32 or int64/,
    ],
    ["steps", { input: [noise] }, { sampler: { kind: "oneStep" } }, /it is a generator, one call an image/],
    [
      "guidance",
      { input: [value("x", [1, 3, SIDE, SIDE]), value("sigma", [1])] },
      { guidance: { scale: 2 }, range: [-1, 1] },
      /guidance needs a label that is no class/,
    ],
    [
      "outside",
      { input: [noise], initializer: outside("../weights.bin") },
      {},
      /"\.\.\/weights\.bin", outside its folder/,
    ],
    [
      "absolute",
      { input: [noise], initializer: outside("/etc/passwd") },
      {},
      /"\/etc\/passwd", outside its folder/,
    ],
    ["missing", { input: [noise], initializer: outside("none.bin") }, {}, /none\.bin, which is no file/],
    ["link", { input: [noise], initializer: outside("link.bin") }, {}, /link\.bin, a link out of its folder/],
  ];
  beforeAll(() => symlinkSync("/etc/hostname", join(folder, "link.bin")));

  it.each(cases)("a file is refused by name: %s", async (name, written, input, reason) => {
    const options = schema.parse({ file: write(`${name}.onnx`, written), ...input });
    const error = await model.identity!(options, SMALL, context).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(reason);
  });

  it("what is no model, or not there, is refused too", async () => {
    writeFileSync(join(folder, "text.onnx"), "hello");
    const identity = (file: string) => model.identity!(schema.parse({ file }), SMALL, context);
    await expect(identity("text.onnx")).rejects.toThrow(/text\.onnx is no ONNX model/);
    await expect(identity("none.onnx")).rejects.toThrow(/no file .*none\.onnx/);
  });
});

it("ends one entry's work where images come out otherwise than the file says", async () => {
  const file = write("other-shape.onnx", { input: [value("noise", [null, 3, 4, 4])] });
  const options = schema.parse({ file, range: [0, 1] });
  await expect(sampled(model as Model, options, {}, noRuntime, SMALL)).rejects.toThrow(
    /came out as \[3, 3, 4, 4\], not \[3, 3, 8, 8\]|cannot be run/,
  );
});
