import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig, type Overrides, readResolved } from "../../../harness/config/index.ts";
import { config, load, mistake, repository } from "./config.ts";

describe("loadConfig", () => {
  it("fills in every default", async () => {
    const resolved = await load(config());
    expect(resolved).toMatchObject({
      name: "my",
      seed: 0,
      budget: null,
      labels: "balanced",
      scoreAgainst: "reference",
      checkpoints: 4,
      unconditional: false,
      features: { kind: "features", plugin: "efficientnet-lite0", options: {} },
      backend: { kind: "backend", plugin: "onnxruntime", options: {} },
      gates: {},
    });
  });

  it("gives plain JSON that can be read again", async () => {
    const resolved = await load(
      config("", '"EPG, Heun": epg({ sampler: heun(16), batchSize: undefined }), VAE: latent()'),
    );
    expect(JSON.parse(JSON.stringify(resolved))).toEqual(resolved);
    const folder = repository();
    writeFileSync(join(folder, "config.resolved.json"), JSON.stringify(resolved));
    expect(readResolved(folder)).toEqual(resolved);
  });

  it("takes a budget, gates and a seed", async () => {
    const fields = 'budget: { trainingFlops: 1e15 }, gates: { kid: ["error", { maxWorse: "5%" }] }, seed: 3';
    expect(await load(config(fields))).toMatchObject({
      budget: { trainingFlops: 1e15 },
      gates: { kid: ["error", { maxWorse: "5%" }] },
      seed: 3,
    });
  });

  it.each(["my.config.js", "my.config.mjs", "my.config.mts"])("reads %s", async (name) => {
    expect((await load(config(), {}, name)).samples).toBeUndefined();
  });

  it("reads JSON", async () => {
    const text = JSON.stringify({
      dataset: { kind: "dataset", plugin: "shapes" },
      entries: { EPG: { kind: "model", plugin: "epg" } },
      samples: 64,
    });
    expect((await load(text, {}, "my.json")).samples).toBe(64);
  });

  it("says which config it chose, and where the built-in one is chosen", async () => {
    const folder = repository();
    const inner = join(folder, "a/b");
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(folder, "epg-bench.config.mts"), config());
    const lines: string[] = [];
    const resolved = await loadConfig({ folder: inner, overrides: {}, note: (line) => lines.push(line) });
    expect(lines).toEqual([`config: ${join(folder, "epg-bench.config.mts")}`]);
    expect(resolved.baseFolder).toBe(folder);
    expect(resolved.name).toBe("epg-bench");
  });

  it("lets flags outrank the file", async () => {
    const resolved = await load(config("samples: 64, seed: 1, backend: onnxruntime({ threads: 2 })"), {
      seed: 7,
      samples: 32,
      threads: 1,
      unconditional: true,
      against: "train",
    });
    expect(resolved).toMatchObject({
      seed: 7,
      samples: 32,
      unconditional: true,
      scoreAgainst: "train",
      backend: { options: { threads: 1 } },
    });
  });

  it("takes another backend, with its own options, and keeps what the config says of the same one", async () => {
    const backend = async (text: string, flags: Overrides) => (await load(config(text), flags)).backend;
    const onTwo = "backend: onnxruntime({ threads: 2 })";
    expect(await backend(onTwo, { backend: "torch", device: "cpu", compile: false })).toEqual({
      kind: "backend",
      plugin: "torch",
      options: { device: "cpu", compile: false },
    });
    const onCuda = 'backend: { kind: "backend", plugin: "torch", options: { device: "cuda" } }';
    expect((await backend(onCuda, { backend: "torch", compile: true })).options).toEqual({ device: "cuda" });
    expect((await backend(onCuda, { backend: "torch", gpus: 8 })).options).toEqual({
      device: "cuda",
      processes: 8,
    });
    const here = { backend: "torch", device: "cpu", processes: 2 };
    expect((await backend(onTwo, here)).options).toEqual({ device: "cpu", processes: 2 });
    expect((await backend(onCuda, { python: "python3.12" })).options).toMatchObject({ python: "python3.12" });
    expect((await backend(onCuda, { python: "venv/bin/python" })).options).toMatchObject({
      python: resolve("venv/bin/python"),
    });
  });

  it("refuses a flag that the backend has no option for, and a backend that is none", async () => {
    expect(await mistake(load(config(), { python: "python3" }))).toMatch(
      /^--python: the backend "onnxruntime" has no option python\n {2}fix: .*--backend/,
    );
    expect(await mistake(load(config(), { compile: false }))).toContain("--no-compile: the backend");
    expect(await mistake(load(config(), { precision: "bf16" }))).toContain(
      '--precision: the backend "onnxruntime" has no option precision',
    );
    expect(await mistake(load(config(), { backend: "toch" }))).toMatch(/unknown backend "toch"\n.*"torch"/);
    expect(await mistake(load(config(), { backend: "torch", device: "tpu" }))).toContain('got "tpu"');
  });

  it("gives a micro-batch and recomputation to every entry that trains by a model that knows it", async () => {
    const samples = 'c: { kind: "model", plugin: "samples", options: { path: "x" } }';
    const entries = `a: epg(), b: epg({ weights: "a.pth" }), ${samples}`;
    const { a, b, c } = (await load(config("", entries), { microBatch: 4, recompute: true })).entries;
    expect([a, b, c].map((entry) => entry!.options.microBatch)).toEqual([4, undefined, undefined]);
    expect([a, b, c].map((entry) => entry!.options.recompute)).toEqual([true, undefined, undefined]);
    expect(await mistake(load(config("", samples), { recompute: true }))).toMatch(/^--recompute: no entry /);
    expect(await mistake(load(config("", samples), { microBatch: 4 }))).toMatch(
      /^--micro-batch: no entry .*\n.*epg, latent/,
    );
  });

  it("puts a folder of images in place of the data set, at the config's resolution", async () => {
    const options = async (text: string) =>
      (await load(text, { data: "photos", skipUnreadable: true })).dataset;
    expect(await options(config())).toEqual({
      kind: "dataset",
      plugin: "image-folder",
      options: { folder: resolve("photos"), resolution: 64, skipUnreadable: true },
    });
    expect(await options(config("dataset: shapes({ resolution: 32 })"))).toMatchObject({
      options: { resolution: 32 },
    });
    const own = config(
      'dataset: imageFolder({ folder: "x", split: { train: 0.8, reference: 0.1, heldOut: 0.1 } })',
    );
    expect((await options(own)).options).toMatchObject({ split: { train: 0.8 }, folder: resolve("photos") });
  });

  it("loads the user's own plugin by its path, with the package at hand", async () => {
    const folder = repository();
    writeFileSync(
      join(folder, "mine.ts"),
      `import { program, UserError } from "epg-bench";
       export default { name: "mine", schema: { safeParse: (data: unknown) => ({ success: true, data }) },
         stages: () => [program.trace], sampler() { throw new UserError("x"); }, deviations: () => [] };`,
    );
    writeFileSync(
      join(folder, "c.ts"),
      config("", 'Mine: { kind: "model" as const, plugin: "./mine.ts", options: { a: 1 } }'),
    );
    const resolved = await loadConfig({ file: "c.ts", folder, overrides: {}, note() {} });
    expect(resolved.entries.Mine).toEqual({ kind: "model", plugin: "./mine.ts", options: { a: 1 } });
  });
});

describe("a run folder", () => {
  it("without a run is named", async () => {
    const folder = repository();
    expect(await mistake((async () => readResolved(folder))())).toContain("holds no run");
  });

  it("with a broken config is named", async () => {
    const folder = repository();
    writeFileSync(join(folder, "config.resolved.json"), "{");
    expect(await mistake((async () => readResolved(folder))())).toContain("config.resolved.json is not JSON");
  });
});
