/** Exported networks in bare ONNX Runtime sessions: the numbers of our own samplers. */
import { spawnSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { Runtime } from "../../../harness/plugin.ts";
import type { Tensors } from "../../../harness/program/index.ts";
import { createStream } from "../../../harness/random/index.ts";
import { writeOnnx } from "../../../harness/run/export-onnx.ts";
import onnxruntime from "../../../plugins/backends/onnxruntime/index.ts";
import model from "../../../plugins/models/epg/index.ts";
import { type EpgInput, schema } from "../../../plugins/models/epg/options.ts";
import { networkShape } from "../../../plugins/models/epg/sizes.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { randomWeights } from "../../plugins/models/epg/weights.ts";

const task = { resolution: 32, classes: 8 };
const weights: Tensors = randomWeights(networkShape("tiny", task));
const BATCH = 2;
const size = 3 * 32 * 32;

const options = (input: EpgInput) => schema.parse(input) as never;
const consistency = { objective: "consistency" } as const;

const exported = (input: EpgInput, name: string) => ({
  network: model.exported!(options(input), task, BATCH, {})[name]!,
  weights,
  metadata: { part: "ema", model: "{}" },
});

const noise = (): Float32Array => {
  const data = new Float32Array(BATCH * size);
  for (let k = 0; k < BATCH; k++) createStream(7, k).fillNormal(data.subarray(k * size, (k + 1) * size));
  return data;
};

async function bare(path: string, feeds: Record<string, ort.Tensor>): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(path);
  const outputs = await session.run(feeds);
  await session.release();
  return Object.values(outputs)[0]!.data as Float32Array;
}

const images = (data: Float32Array) => new ort.Tensor("float32", data, [BATCH, 3, 32, 32]);
const labels = new ort.Tensor("int32", Int32Array.of(3, 8), [BATCH]);

async function runtime(): Promise<Runtime> {
  const backend = await onnxruntime.open({ threads: 1 } as never);
  return { compile: (program, state) => backend.compile(program, state) };
}

describe("the generator", () => {
  test.each(["range", "released"] as const)("makes the sampler's images, clamp %s", async (clamp) => {
    const path = join(temporaryFolder(), "generator.onnx");
    const { network, ...rest } = exported({ ...consistency, clamp }, "generator");
    await writeOnnx(path, { network, ...rest });
    const found = await bare(path, { noise: images(noise()), labels });
    const sampler = await model.sampler(
      options({ ...consistency, clamp }),
      task,
      { [network.stage]: weights },
      await runtime(),
      BATCH,
    );
    const streams = Array.from({ length: BATCH }, (_, k) => createStream(7, k));
    const expected = await sampler.sample(streams, [3, -1]);
    await sampler.dispose();
    // NCHW, 0 to 1 → NHWC bytes; one in a thousand may round the other way.
    let apart = 0;
    for (let i = 0; i < found.length; i++) {
      const [image, channel, pixel] = [Math.floor(i / size), Math.floor(i / 1024) % 3, i % 1024];
      const byte = Math.trunc(255 * found[i]! + 0.5);
      const difference = Math.abs(byte - expected[image * size + pixel * 3 + channel]!);
      expect(difference).toBeLessThanOrEqual(1);
      apart += difference;
    }
    expect(apart).toBeLessThan(found.length / 1000);
    expect(new Set(expected).size).toBeGreaterThan(20);
  });

  test("comes first for a model of one step, and there is none for one of many", () => {
    expect(Object.keys(model.exported!(options(consistency), task, 1, {}))).toEqual([
      "generator",
      "denoiser",
      "encoder",
    ]);
    expect(Object.keys(model.exported!(options({}), task, 1, {}))).toEqual(["denoiser", "encoder"]);
  });
});

describe("the denoiser", () => {
  const inputs = () => ({
    x: images(noise().map((z) => 2 * z)),
    sigma: new ort.Tensor("float32", Float32Array.of(2, 0.1), [BATCH]),
    time: new ort.Tensor("float32", Float32Array.of(250 * Math.log(2), 250 * Math.log(0.1)), [BATCH]),
    labels,
  });

  test.each([
    ["diffusion", {}],
    ["consistency", consistency],
  ] as const)("gives our executable's numbers, weights inside or beside the file: %s", async (_, input) => {
    const folder = temporaryFolder();
    const one = exported(input, "denoiser");
    const [inside, beside] = [join(folder, "inside.onnx"), join(folder, "beside.onnx")];
    expect(await writeOnnx(inside, one)).toEqual([inside]);
    expect(await writeOnnx(beside, one, 1000)).toEqual([beside, `${beside}.data`]);
    expect(statSync(beside).size).toBeLessThan(statSync(inside).size / 10);
    const executable = await (await runtime()).compile(one.network.program, weights, "network");
    const ours = Object.entries(inputs()).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type, shape: dims, data },
    ]);
    const { denoised } = await executable.run(Object.fromEntries(ours) as Tensors);
    await executable.dispose();
    const reference = denoised!.data as Float32Array;
    const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const path of [inside, beside]) {
      const found = await bare(path, inputs());
      const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i]!)), 0);
      expect(worst / largest).toBeLessThan(1e-5);
    }
    rmSync(`${beside}.data`);
    await expect(bare(beside, inputs())).rejects.toThrow();
  });
});

const python = spawnSync("python3", ["-c", "import onnx"]).status === 0;

test.skipIf(!python)("the onnx package's checker passes them, and finds what documents them", async () => {
  const folder = temporaryFolder();
  for (const [name, most] of [
    ["inside", undefined],
    ["beside", 1000],
  ] as const) {
    const path = join(folder, `${name}.onnx`);
    await writeOnnx(path, exported(consistency, "denoiser"), most);
    const program = `import json, sys, onnx
onnx.checker.check_model(sys.argv[1], full_check=True)
m = onnx.load(sys.argv[1])
print(json.dumps([{p.key: p.value for p in m.metadata_props}, {i.name: i.doc_string for i in m.graph.input}]))`;
    const run = spawnSync("python3", ["-c", program, path], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    const [metadata, inputs] = JSON.parse(run.stdout) as Record<string, string>[];
    expect(metadata).toEqual({ part: "ema", model: "{}" });
    expect(Object.keys(inputs!)).toEqual(["x", "sigma", "time", "labels"]);
    for (const text of Object.values(inputs!)) expect(text).not.toBe("");
  }
});
