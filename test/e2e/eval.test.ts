import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../harness/formats/image.ts";
import { writeAdmSamples } from "../../harness/formats/npz.ts";
import { writeNpz } from "../../harness/formats/npz-writer.ts";
import { writeSafetensorsFile } from "../../harness/formats/safetensors.ts";
import { createStream } from "../../harness/random/index.ts";
import { resultSchema } from "../../harness/result.ts";
import { command, temporaryFolder } from "./cli.ts";

const SIDE = 16;
const COUNT = 24;
const LITE = ["--features", "efficientnet-lite0"];

let folder: string;

/** Blocks of a colour with some noise: `hue` moves the whole set. */
function pixels(seed: number, hue: number): Uint8Array {
  const noise = new Float32Array(COUNT * SIDE * SIDE * 3);
  createStream(seed, "eval").fillUniform(noise);
  return Uint8Array.from(noise, (value, i) => 64 * value + (i % 3 === 0 ? hue : 80));
}

async function writeFolder(name: string, images: Uint8Array): Promise<void> {
  const bytes = SIDE * SIDE * 3;
  mkdirSync(join(folder, name));
  for (let i = 0; i < COUNT; i++) {
    const data = images.subarray(i * bytes, (i + 1) * bytes);
    const png = await encodePng({ width: SIDE, height: SIDE, data });
    writeFileSync(join(folder, name, `${String(i).padStart(3, "0")}.png`), png);
  }
}

beforeAll(async () => {
  folder = temporaryFolder();
  await writeFolder("real", pixels(1, 60));
  await writeFolder("near", pixels(2, 60));
  await writeFolder("far", pixels(3, 180));
  const [mu, sigma] = [new Float64Array(4), Float64Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0))];
  await writeNpz(join(folder, "four.npz"), {
    mu: { dtype: "float64", shape: [4], data: mu },
    sigma: { dtype: "float64", shape: [4, 4], data: sigma },
  });
  await writeNpz(join(folder, "normal.npz"), {
    mu: { dtype: "float64", shape: [1280], data: new Float64Array(1280) },
    sigma: {
      dtype: "float64",
      shape: [1280, 1280],
      data: Float64Array.from({ length: 1280 * 1280 }, (_, i) => Number(i % 1281 === 0)),
    },
  });
  await writeAdmSamples(join(folder, "near.npz"), pixels(2, 60), [COUNT, SIDE, SIDE, 3]);
});

const evaluated = async (...args: string[]) => {
  const ran = await command(folder, ["eval", ...args, ...LITE, "--json", "-"]);
  expect(ran.exitCode, String(ran.stderr)).toBe(0);
  return resultSchema.parse(JSON.parse(String(ran.stdout)));
};

const score = (result: Awaited<ReturnType<typeof evaluated>>, family: string): number =>
  result.results.find(({ metric }) => metric === `${family}-efficientnet-lite0`)!.value!;

describe("eval", () => {
  it("prints a result and nothing else, in which what is farther scores worse", async () => {
    const [near, far] = [await evaluated("near", "real"), await evaluated("far", "real")];
    for (const family of ["fd", "kid"]) expect(score(far, family)).toBeGreaterThan(2 * score(near, family));
    expect(near.run.entries).toMatchObject([{ name: "samples", kind: "model", n: COUNT }]);
    expect(near.results.every(({ n }) => n === COUNT)).toBe(true);
  });

  it("sees the same pixels in a folder and in an npz", async () => {
    const [folded, archived] = [await evaluated("near", "real"), await evaluated("near.npz", "real")];
    expect(archived.results.map(({ metric, value }) => [metric, value])).toEqual(
      folded.results.map(({ metric, value }) => [metric, value]),
    );
  });

  it("says that a set against itself is one, at a distance of 0", async () => {
    const result = await evaluated("real", "real");
    expect(Math.abs(score(result, "fd"))).toBeLessThan(1e-6);
    expect(result.warnings.join("\n")).toMatch(/same pixels in the same order/);
  });

  it("scores against statistics alone, as far as they go", async () => {
    const result = await evaluated("near", "normal.npz");
    expect(result.results.map(({ metric }) => metric)).toEqual([
      "fd-efficientnet-lite0",
      "is-efficientnet-lite0",
    ]);
    expect(score(result, "fd")).toBeGreaterThan(0);
    expect(result.warnings.join("\n")).toMatch(/normal\.npz does not say which network/);
  });

  it("has each tool's numbers under the tool's name", async () => {
    const [ours, theirs] = [
      await evaluated("near", "real"),
      await evaluated("near", "real", "--as", "torch-fidelity", "--kid-subset-size", "10"),
    ];
    expect(score(theirs, "fd")).toBeCloseTo(score(ours, "fd"), 2);
    const kid = theirs.results.find(({ metric }) => metric === "kid-efficientnet-lite0")!;
    expect(kid.beside!.label).toMatch(/spread over 100 subsets/);
    expect(kid.convention).toMatch(/100 subsets of 10 by RandomState\(2020\)/);
    expect(theirs.results.map(({ metric }) => metric)).toEqual([
      "fd-efficientnet-lite0",
      "is-efficientnet-lite0",
      "kid-efficientnet-lite0",
    ]);
  });

  it("scores features as it scores the images they are of", async () => {
    for (const set of ["near", "real"]) {
      const ran = await command(folder, ["features", set, ...LITE, "--out", `${set}.features.safetensors`]);
      expect([ran.exitCode, String(ran.stdout)]).toEqual([
        0,
        expect.stringMatching(/24 images, features \[1280\]/),
      ]);
    }
    const metrics = ["--metrics", "fid,is,kid,prdc"];
    const images = await evaluated("near", "real", ...metrics);
    const features = await evaluated("near.features.safetensors", "real.features.safetensors", ...metrics);
    const mixed = await evaluated("near", "real.features.safetensors", ...metrics);
    const values = (result: typeof images) =>
      result.results.map(({ metric, value, standardError }) => [metric, value, standardError]);
    expect(values(features)).toEqual(values(images));
    expect(values(mixed)).toEqual(values(images));
    expect(features.run).toMatchObject({
      features: images.run.features,
      dataset: { identity: images.run.dataset.identity },
    });
  });

  it("takes features of a network nobody knows, and says so", async () => {
    for (const [name, shift] of [
      ["a", 0],
      ["b", 1],
    ] as const) {
      const noise = new Float32Array(30 * 4);
      createStream(shift, "features").fillUniform(noise);
      const data = noise.map((value) => value + shift);
      await writeSafetensorsFile(join(folder, `${name}.safetensors`), {
        pool: { dtype: "float32", shape: [30, 4], data },
      });
    }
    const metrics = ["--metrics", "fid,kid,prdc,vendi", "--neighbours", "2"];
    const ran = await command(folder, ["eval", "a.safetensors", "b.safetensors", ...metrics, "--json", "-"]);
    const result = resultSchema.parse(JSON.parse(String(ran.stdout)));
    expect(result.results.map(({ metric }) => metric)).toEqual([
      "fd",
      "kid",
      "precision",
      "recall",
      "density",
      "coverage",
      "vendi",
    ]);
    expect(result.run.features).toBe("unknown extractor");
    const shown = await command(folder, ["eval", "a.safetensors", "b.safetensors", ...metrics]);
    expect(String(shown.stdout)).toMatch(/features: unknown extractor/);
  });

  it("does not let one layer be gated by another", async () => {
    for (const [name, shift] of [
      ["c", 0],
      ["d", 1],
    ] as const) {
      const noise = new Float32Array(30 * 3);
      createStream(shift, "layers").fillUniform(noise);
      const layer = (scale: number) =>
        ({ dtype: "float32", shape: [30, 3], data: noise.map((x) => scale * x + shift) }) as const;
      await writeSafetensorsFile(join(folder, `${name}.safetensors`), { x: layer(1), y: layer(9) });
    }
    const asked = ["eval", "c.safetensors", "d.safetensors", "--metrics", "fid"];
    expect((await command(folder, asked)).stderr).toMatch(/has the layers x, y[\s\S]*--layer/);
    await command(folder, [...asked, "--layer", "x", "--json", "x.json"]);
    await command(folder, [...asked, "--layer", "y", "--json", "y.json"]);
    await command(folder, ["baseline", "save", "x.json", "--to", "layers.json"]);
    const gated = await command(folder, ["gate", "y.json", "--baseline", "layers.json"]);
    expect(String(gated.stderr)).toMatch(
      /scored with unknown extractor, layer y, the baseline with .* layer x/,
    );
    expect(gated.exitCode).toBe(2);
  });

  it("writes results that a baseline keeps and the gate judges", async () => {
    const ran = await command(folder, ["eval", "near", "real", ...LITE, "--json", "near.json"]);
    expect(ran.exitCode).toBe(0);
    expect(String(ran.stdout)).toMatch(/FD ↓.*±.*24/);
    const report = await command(folder, ["report", "near.json"]);
    expect([report.exitCode, String(report.stdout)]).toEqual([0, "report.md"]);
    await command(folder, ["baseline", "save", "near.json", "--to", "baseline.json"]);
    const gated = await command(folder, ["gate", "near.json", "--baseline", "baseline.json"]);
    expect([gated.exitCode, String(gated.stdout)]).toEqual([0, expect.stringMatching(/passed/)]);
  });

  it.each([
    [["nowhere", "real"], /there is no nowhere/],
    [["empty", "real"], /empty holds no PNG, JPEG or WebP image/],
    [["single", "real"], /single holds 1 image; scores need at least 4/],
    [["broken", "real"], /broken\/b\.png: /],
    [["near", "real", "--features", "incepton"], /unknown features "incepton"[\s\S]*inception/],
    [["near", "real", "--features", "inception"], /weights of Inception-v3 are not[\s\S]*https:.*6726825d/],
    [["near", "four.npz"], /four\.npz has features of 4 dimensions, and efficientnet-lite0 has 1280/],
    [["near", "real", "--threads", "0"], /--threads/],
    [["near", "real", "--as", "pytorch_fid"], /--as pytorch_fid: there is no such tool[\s\S]*pytorch-fid/],
    [["near", "real", "--metrics", "fidd"], /there is no metric "fidd"/],
    [["near", "real", "--metrics", "sfid"], /--metrics sfid: the samples have no layer spatial/],
    [
      ["near", "real", "--metrics", "kid", "--as", "pytorch-fid"],
      /--metrics kid: pytorch-fid does not have it/,
    ],
    [
      ["near", "real", "--metrics", "kid", "--as", "torch-fidelity"],
      /it needs at least 1000 images.*there are 24[\s\S]*--kid-subset-size 24/,
    ],
    [["near", "normal.npz", "--metrics", "prdc"], /--metrics prdc: the reference holds statistics alone/],
    [
      ["near", "real", "--metrics", "prdc", "--neighbours", "24"],
      /--metrics prdc: it needs at least 25 images/,
    ],
    [
      ["near", "real", "--as", "pytorch-fid", "--neighbours", "3"],
      /--neighbours 3: none of the scores follows it/,
    ],
    [["near", "real", "--kid-subsets", "5"], /--kid-subsets: KID is taken over all samples/],
  ])("%j: exit 2, told without a stack, nothing written", async (args, problem) => {
    const image = readFileSync(join(folder, "real", "000.png"));
    for (const [name, files] of [
      ["empty", {}],
      ["single", { "a.png": image }],
      ["broken", { "a.png": image, "b.png": image.subarray(0, 60), "c.png": image, "d.png": image }],
    ] as const) {
      mkdirSync(join(folder, name), { recursive: true });
      for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, name, file), bytes);
    }
    const options = args.includes("--features") ? [] : LITE;
    const ran = await command(folder, ["eval", ...args, ...options, "--json", "out.json"], {
      env: { CI: "true", EPG_BENCH_INCEPTION: join(folder, "no-weights.pth") },
    });
    expect(ran.exitCode).toBe(2);
    expect(String(ran.stderr)).toMatch(problem);
    expect(String(ran.stderr)).not.toMatch(/\n {4}at /);
    expect(existsSync(join(folder, "out.json"))).toBe(false);
  });
});
