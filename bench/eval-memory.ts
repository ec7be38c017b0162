/**
 * `eval-memory`: what `eval` takes at its peak, and how that grows with the images. With EPG_BENCH_LONG=1 also
 * `eval-memory-50000` and `eval-memory-50000-prdc`: a paper's 50,000 images, from files of their features.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";
import { writeAdmSamples } from "../harness/formats/npz.ts";
import { writeRowTensors } from "../harness/formats/row-tensors.ts";
import { createStream } from "../harness/random/index.ts";
import { features } from "./features.ts";
import { type BenchRow, Skipped } from "./row.ts";

const COMMAND = fileURLToPath(new URL("../bin/epg-bench.js", import.meta.url));
/** Prints the most memory a process held, in KiB, as its last words. */
const PEAK =
  "data:text/javascript,process.on('exit',()=>console.error('peak '+process.resourceUsage().maxRSS))";

const SIDE = 64;
const COUNTS = [500, 1000, 2000];
const LONG = 50_000;
const BLOCK = 1000;

export const EVAL_MEMORY: Readonly<Record<string, () => Promise<BenchRow>>> = {
  "eval-memory": () => inFolder(slope),
  "eval-memory-50000": () => inFolder((folder) => long(folder, "eval-memory-50000", "fid,is", LONG)),
  "eval-memory-50000-prdc": () =>
    inFolder((folder) => long(folder, "eval-memory-50000-prdc", "prdc", 10_000)),
};

async function inFolder(work: (folder: string) => Promise<BenchRow>): Promise<BenchRow> {
  const folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  // Builds dist/ where it is not up to date.
  await execaNode(COMMAND, ["--version"]);
  return work(folder).finally(() => rm(folder, { recursive: true }));
}

/** The slope of peak memory over the number of images, all scores, by least squares. */
async function slope(folder: string): Promise<BenchRow> {
  const reference = await images(folder, 100);
  const peaks: number[] = [];
  for (const n of COUNTS) {
    const samples = await images(folder, n);
    peaks.push(await peakOf([samples, reference, "--features", "efficientnet-lite0"]));
    console.error(`${n} images: ${peaks.at(-1)!.toFixed(0)} MiB`);
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  const away = COUNTS.map((n) => n - mean(COUNTS));
  const rise = away.reduce((sum, x, i) => sum + x * (peaks[i]! - mean(peaks)), 0);
  const perImage = rise / away.reduce((sum, x) => sum + x * x, 0);
  return { id: "eval-memory", unit: "MiB per 1,000 images", value: 1000 * perImage, peers: {} };
}

async function images(folder: string, n: number): Promise<string> {
  const file = join(folder, `${n}.npz`);
  const data = new Uint8Array(n * SIDE * SIDE * 3);
  const stream = createStream(n, "bench", "images");
  for (let i = 0; i < data.length; i++) data[i] = 256 * stream.uniform();
  await writeAdmSamples(file, data, [n, SIDE, SIDE, 3]);
  return file;
}

async function long(folder: string, id: string, metrics: string, references: number): Promise<BenchRow> {
  if (process.env.EPG_BENCH_LONG !== "1") throw new Skipped("it takes minutes: EPG_BENCH_LONG=1 runs it");
  const samples = await featureFile(join(folder, "samples.safetensors"), LONG, 1);
  const reference = await featureFile(join(folder, "reference.safetensors"), references, 2);
  const began = performance.now();
  const peak = await peakOf([samples, reference, "--metrics", metrics]);
  const seconds = (performance.now() - began) / 1000;
  console.error(`${LONG} images, ${metrics}: ${seconds.toFixed(0)} s, ${peak.toFixed(0)} MiB`);
  return { id, unit: "MiB at the peak", value: peak, peers: {} };
}

async function featureFile(file: string, n: number, seed: number): Promise<string> {
  const widths = { "2048": 2048, logits_unbiased: 1008 };
  await writeRowTensors(file, { n, widths, metadata: {} }, async (write) => {
    for (let start = 0; start < n; start += BLOCK)
      for (const [name, width] of Object.entries(widths))
        await write(name, start, Float32Array.from(features(BLOCK, seed + start, width).data));
    return {};
  });
  return file;
}

/** MiB. */
async function peakOf(args: readonly string[]): Promise<number> {
  const { stderr } = await execaNode(COMMAND, ["eval", ...args], { nodeOptions: ["--import", PEAK] });
  return Number(/peak (\d+)/.exec(stderr)![1]) / 1024;
}
