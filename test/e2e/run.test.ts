import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openAdmSamples } from "../../harness/formats/npz.ts";
import type { Result } from "../../harness/result.ts";
import { command, readResult, temporaryFolder, timeless, writeTinyConfig } from "./cli.ts";

const COMPARISON = `comparison: { calls: [1, 9], guidance: [1.5, 3], validationSamples: 8 },
  milestones: [0.8],`;
const folder = temporaryFolder();
let result: Result;
let stdout: string;
let stderr: string;

beforeAll(async () => {
  writeTinyConfig(folder, { more: COMPARISON });
  const ran = await command(folder, ["run", "-c", "tiny.config.ts", "--output", "out"]);
  stdout = String(ran.stdout);
  stderr = String(ran.stderr);
  expect(stderr).not.toContain("    at ");
  expect(ran.exitCode).toBe(0);
  result = readResult(folder);
}, 300_000);

const value = (entry: string, metric: string): number => {
  const row = result.results.find((one) => one.entry === entry && one.metric === metric);
  expect(row, `${entry} ${metric}`).toBeDefined();
  return row!.value!;
};

describe("a run", () => {
  it("samples at the cost that `cost` told without running it", async () => {
    const { stdout } = await command(folder, ["cost", "-c", "tiny.config.ts", "--json", "-"]);
    const { entries } = JSON.parse(String(stdout));
    expect(entries.map(({ name }: { name: string }) => name)).toEqual(["EPG", "VAE + DiT"]);
    for (const { name, nfe, decoderCalls, macsPerImage, bills } of entries) {
      expect(value(name, "nfe")).toBe(nfe);
      expect(value(name, "decoder-calls")).toBe(decoderCalls);
      expect(value(name, "macs-per-image")).toBe(macsPerImage);
      expect(value(name, "total-train-flops")).toBe(bills[0].flops);
    }
  });

  it("scores, costs and times every entry", () => {
    for (const entry of ["EPG", "VAE + DiT"])
      for (const metric of [
        "fd-efficientnet-lite0",
        "kid-efficientnet-lite0",
        "is-efficientnet-lite0",
        "precision-efficientnet-lite0",
        "recall-efficientnet-lite0",
        "class-accuracy-efficientnet-lite0",
        "memorisation-efficientnet-lite0",
        "nfe",
        "decoder-calls",
        "macs-per-image",
        "throughput",
        "latency",
        "parameters",
        "train-flops",
        "sample-flops-per-image",
        "total-train-flops",
        "wall-seconds",
        "peak-memory-bytes",
      ])
        expect(value(entry, metric), `${entry} ${metric}`).toBeTypeOf("number");
  });

  it("counts network and decoder calls", () => {
    // EDM's Heun with 6 levels: 2·6 − 1
    expect(value("EPG", "nfe")).toBe(11);
    expect(value("EPG", "decoder-calls")).toBe(0);
    expect(value("VAE + DiT", "nfe")).toBe(4);
    expect(value("VAE + DiT", "decoder-calls")).toBe(1);
  });

  it("bills every stage, and the total beside it", () => {
    const lines = result.ledger.filter(({ entries }) => entries.includes("VAE + DiT"));
    const training = lines.filter(({ kind }) => kind === "training" || kind === "encoding");
    expect(training.reduce((sum, { flops }) => sum + flops!, 0)).toBeCloseTo(
      value("VAE + DiT", "total-train-flops"),
      -3,
    );
    expect(value("VAE + DiT", "total-train-flops")).toBeGreaterThan(value("VAE + DiT", "train-flops"));
    expect(lines.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["encoding", "training", "sampling", "decoding"]),
    );
    // 64 training images, each mirrored as well
    expect(lines.find(({ kind }) => kind === "encoding")!.images).toBe(128);
  });

  it("knows copies of training images for what they are", () => {
    expect(value("copies of training images", "memorisation-efficientnet-lite0")).toBe(1);
    expect(value("constant mean image", "recall-efficientnet-lite0")).toBe(0);
    expect(value("real images, held out", "fd-efficientnet-lite0")).toBeLessThan(
      value("constant mean image", "fd-efficientnet-lite0"),
    );
  });

  it("probes the pre-trained encoder beside the untrained one", () => {
    const probes = result.results.filter(({ metric }) => metric === "knn-accuracy");
    expect(probes.map(({ entry, n, unit }) => [entry, n, unit])).toEqual([["EPG", 40, "share"]]);
    const { value: accuracy, beside, convention } = probes[0]!;
    for (const share of [accuracy, beside!.value]) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThanOrEqual(1);
    }
    expect(convention).toContain("20 nearest of 64 training images");
    expect(convention).toContain("online weights");
    expect(readFileSync(join(folder, "out", "report.md"), "utf8")).toContain("## Pre-trained encoders");
    expect(stdout).toContain('"EPG", encoder: kNN accuracy');
    // Evaluation, not training.
    expect(result.ledger.map(({ stage }) => stage).join()).not.toMatch(/probe/i);
  });

  it("scores the reconstruction of held-out images", () => {
    expect(value("VAE + DiT: reconstruction", "psnr")).toBeGreaterThan(0);
    expect(value("VAE + DiT: reconstruction", "ssim")).toBeLessThan(1);
    expect(value("VAE + DiT: reconstruction", "fd-efficientnet-lite0")).toBeGreaterThan(0);
    expect(value("VAE + DiT: reconstruction", "rfd-efficientnet-lite0")).toBeGreaterThan(0);
  });

  it("keeps the samples where other evaluators read them", async () => {
    const entry = result.run.entries.find(({ name }) => name === "EPG")!;
    const samples = await openAdmSamples(join(folder, "out", entry.samples!));
    expect(samples.shape).toEqual([40, 32, 32, 3]);
    expect([...samples.labels!].slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0, 1]);
    await samples.close();
  });

  it("draws grids, film strips and neighbours, and names them in the report", () => {
    const report = readFileSync(join(folder, "out", "report.md"), "utf8");
    for (const { name, kind, grid, film, neighbours } of result.run.entries) {
      if (kind !== "model") continue;
      for (const picture of [grid, film, neighbours]) {
        expect(existsSync(join(folder, "out", picture!)), `${name}: ${picture}`).toBe(true);
        expect(report).toContain(picture!);
      }
    }
  });

  it("keeps the curve of every stage, draws it, and names it in the report", () => {
    const report = readFileSync(join(folder, "out", "report.md"), "utf8");
    const curves = result.run.curves!;
    expect(curves.map(({ csv }) => csv)).toEqual([
      "curves/epg-pre-training.csv",
      "curves/epg-diffusion-fine-tuning.csv",
      "curves/vae-dit-vae.csv",
      "curves/vae-dit-dit.csv",
    ]);
    for (const { csv, svg } of curves) {
      expect(report).toContain(csv);
      expect(report).toContain(svg);
      expect(readFileSync(join(folder, "out", svg), "utf8")).toContain("<svg");
      const events = join(folder, "out", csv.replace(".csv", ""), "events.out.tfevents.epg-bench");
      expect(readFileSync(events).includes("learningRate")).toBe(true);
    }
    const [head, ...rows] = readFileSync(join(folder, "out", curves[0]!.csv), "utf8")
      .trimEnd()
      .split("\n");
    expect(head).toBe("step,images,flops,loss,contrastive,consistency,learningRate");
    expect(rows).toHaveLength(4);
    const pretraining = result.ledger.find(({ stage }) => stage === "pre-training")!;
    expect(rows.at(-1)).toMatch(new RegExp(`^4,${pretraining.images},${pretraining.flops},`));
  });

  it("samples every entry again on the same terms, and bills the trials that choose guidance", () => {
    const again = result.run.entries.filter(({ kind }) => kind === "resampled");
    // Nine calls are five of Heun's steps, or four of which one is guided, twice called.
    expect(again.map(({ name }) => name)).toEqual([
      "EPG: unguided, 1 call",
      "EPG: unguided, 9 calls",
      "EPG: matched, 9 calls",
      "VAE + DiT: unguided, 1 call",
      "VAE + DiT: unguided, 9 calls",
      "VAE + DiT: matched, 9 calls",
    ]);
    const model = result.run.entries.find(({ name }) => name === "VAE + DiT")!;
    for (const { name, resampled, weights, seeds } of again.slice(3)) {
      expect(resampled!.of).toBe("VAE + DiT");
      expect({ weights, seeds }).toEqual({ weights: model.weights, seeds: model.seeds });
      expect(value(name, "nfe")).toBe(resampled!.calls);
      expect(value(name, "total-train-flops")).toBe(value("VAE + DiT", "total-train-flops"));
      expect(value(name, "fd-efficientnet-lite0")).toBeGreaterThan(0);
      expect(value(name, "throughput")).toBeGreaterThan(0);
    }
    const { sampling, resampled } = again[5]!;
    const trials = resampled!.trials;
    expect(trials.map(({ guidance, n, heldOut }) => [guidance, n, heldOut])).toEqual([
      [1.5, 8, 40],
      [3, 8, 40],
    ]);
    const best = trials.reduce((a, b) => (b.kid < a.kid ? b : a));
    expect(sampling.guidanceScale).toBe(best.guidance);
    const lines = result.ledger.filter(({ entries }) => entries.includes("VAE + DiT: matched, 9 calls"));
    expect(lines.map(({ stage, images }) => [stage, images])).toEqual([
      ["choosing guidance, 2 trials: sampling", 16],
      ["choosing guidance, 2 trials: decoding samples", 16],
      ["sampling", 40],
      ["decoding samples", 40],
    ]);
    expect(lines[0]!.macs! / 16).toBeCloseTo(lines[2]!.macs! / 40, 3);
    const report = readFileSync(join(folder, "out", "report.md"), "utf8");
    expect(report).toContain("## On the same terms");
    expect(existsSync(join(folder, "out", "frontier", "nfe.svg"))).toBe(true);
  });

  it("samples and scores weights on the way, each at what training took up to there", () => {
    const along = result.run.entries.filter(({ kind }) => kind === "milestone");
    expect(along.map(({ name, milestone }) => [name, milestone])).toEqual([
      ["EPG: at 80 % of its training", { of: "EPG", part: 0.8, step: 3, steps: 6 }],
      ["VAE + DiT: at 80 % of its training", { of: "VAE + DiT", part: 0.8, step: 2, steps: 4 }],
    ]);
    for (const { name, weights, seeds, milestone } of along) {
      const { of, step, steps } = milestone!;
      const model = result.run.entries.find((one) => one.name === of)!;
      expect(seeds).toBe(model.seeds);
      expect(weights).not.toBe(model.weights);
      expect(value(name, "fd-efficientnet-lite0")).not.toBe(value(of, "fd-efficientnet-lite0"));
      const last = result.ledger.filter(({ kind, entries }) => kind === "training" && entries.includes(of));
      const left = ((steps - step) / steps) * last.at(-1)!.flops!;
      expect(value(name, "total-train-flops") / (value(of, "total-train-flops") - left)).toBeCloseTo(1, 9);
      const sampled = (one: string) =>
        result.ledger
          .filter(({ kind, entries }) => kind === "sampling" && entries.includes(one))
          .map(({ images, macs }) => [images, macs]);
      expect(sampled(name)).toEqual(sampled(of));
    }
    const report = readFileSync(join(folder, "out", "report.md"), "utf8");
    expect(report).toContain("Lines: an entry along its training");
  });

  it("plans those rows, with what they take, before it runs them", async () => {
    const { stdout } = await command(folder, ["run", "-c", "tiny.config.ts", "--dry-run"]);
    expect(stdout).toMatch(/VAE \+ DiT: matched, 9 calls +│ +9 │ +1 │/);
    expect(stdout).toContain("2 trials of 8 images");
    expect(stdout).toMatch(/EPG: at 80 % of its training +│ +3 │ 6 of diffusion fine-tuning +│/);
  });

  it("puts the result on stdout and the progress on stderr", () => {
    expect(stdout).toContain("report.md");
    expect(stdout).not.toContain("steps/s");
    expect(stderr).toContain("EPG: pre-training");
  });

  it("is refused a folder that holds a run", async () => {
    const again = await command(folder, ["run", "-c", "tiny.config.ts", "--output", "out"]);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain("--resume");
  });

  it("finds the same values again, from the cache, with new timings; weights on the way that are not there it trains again", async () => {
    for (const stage of readdirSync(join(folder, ".epg-bench", "cache", "train"))) {
      const path = join(folder, ".epg-bench", "cache", "train", stage);
      // What a stage left on its way has no curve.
      if (!existsSync(join(path, "curve.csv"))) rmSync(path, { recursive: true });
    }
    const ran = await command(folder, ["run", "-c", "tiny.config.ts", "--output", "out2"]);
    expect(ran.exitCode).toBe(0);
    const second = readResult(folder, "out2");
    expect(timeless(second)).toEqual(timeless(result));
    expect(second.ledger.every(({ cached }) => cached)).toBe(true);
    expect(ran.stderr).toContain("EPG: diffusion fine-tuning, again up to step 3");
    for (const { csv } of result.run.curves!)
      expect(readFileSync(join(folder, "out2", csv), "utf8")).toBe(
        readFileSync(join(folder, "out", csv), "utf8"),
      );
    const throughput = (one: Result) => one.results.find(({ metric }) => metric === "throughput")!.value;
    expect(throughput(second)).not.toBe(throughput(result));
    const wall = (one: Result) => one.results.find(({ metric }) => metric === "wall-seconds")!.value;
    expect(wall(second)).toBe(wall(result));
  });
});

describe("gating", () => {
  it("passes the identical run and fails one with 2 sampling steps", async () => {
    const saved = await command(folder, ["baseline", "save", "out", "--to", "ci.json"]);
    expect(saved.exitCode).toBe(0);
    expect((await command(folder, ["gate", "out2", "--baseline", "ci.json"])).exitCode).toBe(0);

    writeTinyConfig(folder, { samplerSteps: 2 }, "two.config.ts");
    await command(folder, ["run", "-c", "two.config.ts", "--output", "out3"]);
    const gated = await command(folder, ["gate", "out3", "--baseline", "ci.json"]);
    expect(gated.exitCode).toBe(20);
    // It has no comparison, whose rows nobody gates.
    expect(gated.stdout).not.toContain("matched, 9 calls");
  });
});

describe("a damaged cache", () => {
  it("is named, and nothing is lost", async () => {
    const cache = join(folder, ".epg-bench", "cache", "train");
    const stage = readdirSync(cache)[0]!;
    const file = join(cache, stage, "weights.safetensors");
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, whole.length - 8));
    const gates = 'gates: { kid: ["error", { maxWorse: "5%" }] },';
    writeTinyConfig(folder, { samplerSteps: 2, more: gates }, "gated.config.ts");
    const ran = await command(folder, ["run", "-c", "gated.config.ts", "--output", "out4"]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(file);
    expect(ran.stderr).not.toContain("    at ");
    writeFileSync(file, whole);
    const resumed = await command(folder, ["run", "--resume", "out4"]);
    expect(resumed.exitCode).toBe(0);
    // It has gates, and there is no baseline.
    expect(resumed.stdout).toMatch(/no baseline/i);
    expect(timeless(readResult(folder, "out4"))).toEqual(timeless(readResult(folder, "out3")));
    rmSync(join(folder, "out4"), { recursive: true });
  });
});
