/** `eval-500-<tool>`: FID of two folders of 500 JPEGs at 256², command against command, start-up and all. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa, execaNode } from "execa";
import sharp from "sharp";
import { decodeImage } from "../harness/formats/image.ts";
import { writeSafetensorsFile } from "../harness/formats/safetensors.ts";
import type { Result } from "../harness/result.ts";
import { expectedStateDict } from "../plugins/features/inception/state-dict.ts";
import { deterministicWeights } from "../test/plugins/features/inception/deterministic-weights.ts";
import { openPeer, tensorFile } from "./peer.ts";
import { type BenchRow, median, Skipped } from "./row.ts";

const THREADS = 2;
const IMAGES = 500;
/** A round takes minutes. */
const ROUNDS = 1;
const TOOLS = ["pytorch-fid", "torch-fidelity", "clean-fid"];
/** Of fewer images than dimensions the tools take roots of products of low rank, whose noise is 2e-4 of these FIDs. */
const TOLERANCE = 1e-3;

const PHOTOS = fileURLToPath(new URL("../../shared/data/photos", import.meta.url));
const COMMAND = fileURLToPath(new URL("../bin/epg-bench.js", import.meta.url));
const PEERS = fileURLToPath(new URL("peers/fid_tools.py", import.meta.url));

/** Node as users start it, without this bench's own TypeScript loader. */
const PLAIN = { nodeOptions: [] };

export const EVAL: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  TOOLS.map((tool) => [`eval-${IMAGES}-${tool}`, () => compare(tool)]),
);

interface Work {
  readonly tool: string;
  readonly samples: string;
  readonly reference: string;
  /** The same weights as safetensors, and as the state dict the tools load. */
  readonly safetensors: string;
  readonly checkpoint: string;
}

/** Seconds of a whole process, and the FID it found. */
interface Timed {
  readonly seconds: number;
  readonly fid: number;
}

async function compare(tool: string): Promise<BenchRow> {
  if (!existsSync(PHOTOS)) throw new Skipped("the photos, ../shared/data/photos, are not here");
  const folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  try {
    const work = { tool, ...(await twoFolders(folder)), ...(await weights(folder)) };
    // Builds dist/ where it is not up to date.
    await execaNode(COMMAND, ["--version"]);
    const times: Record<"own" | "theirs", number[]> = { own: [], theirs: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const own = await ours(work, join(folder, "result.json"));
      times.own.push(own.seconds);
      const peer = await theirs(work);
      if (!peer) continue;
      times.theirs.push(peer.seconds);
      if (!(Math.abs(own.fid / peer.fid - 1) < TOLERANCE))
        throw new Error(`${tool} computes something else: ${peer.fid} against ${own.fid}`);
    }
    const peers = times.theirs.length > 0 ? { [tool]: median(times.theirs) } : {};
    return { id: `eval-${IMAGES}-${tool}`, unit: "s", value: median(times.own), peers };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Every second photo, centre-cropped and scaled to 256². */
async function twoFolders(folder: string): Promise<Pick<Work, "samples" | "reference">> {
  const files = await readdir(PHOTOS, { recursive: true });
  const photos = files.filter((file) => file.endsWith(".jpg")).sort();
  const halves = [join(folder, "samples"), join(folder, "reference")] as const;
  for (const half of halves) await mkdir(half);
  for (const [i, photo] of photos.slice(0, 2 * IMAGES).entries()) {
    const { data, width, height } = await decodeImage(join(PHOTOS, photo), 256);
    const image = sharp(data, { raw: { width, height, channels: 3 } });
    await image.jpeg({ quality: 95 }).toFile(join(halves[i % 2]!, `${String(i).padStart(4, "0")}.jpg`));
  }
  return { samples: halves[0], reference: halves[1] };
}

/** By formula: the published weights are not for every machine, and take the same time. */
async function weights(folder: string): Promise<Pick<Work, "safetensors" | "checkpoint">> {
  const dict = deterministicWeights(true);
  const tensors = Object.fromEntries(
    expectedStateDict().map(({ name, shape }) => [
      name,
      { dtype: "float32", shape, data: dict.get(name)! } as const,
    ]),
  );
  const safetensors = join(folder, "inception.safetensors");
  const checkpoint = join(folder, "inception.pth");
  await writeSafetensorsFile(safetensors, tensors);
  const peer = await openPeer("fid_tools.py", ["torch", "numpy"]);
  if (peer) {
    const state = await tensorFile(tensors);
    await peer.ask({ state, to: checkpoint });
    await peer.close();
    await rm(dirname(state), { recursive: true });
  }
  return { safetensors, checkpoint };
}

async function ours({ tool, samples, reference, safetensors }: Work, json: string): Promise<Timed> {
  const flags = ["--as", tool, "--metrics", "fid", "--weights", safetensors, "--threads", `${THREADS}`];
  const began = performance.now();
  await execaNode(COMMAND, ["eval", samples, reference, ...flags, "--json", json, "--quiet"], PLAIN);
  const seconds = (performance.now() - began) / 1000;
  const { results }: Result = JSON.parse(await readFile(json, "utf8"));
  return { seconds, fid: results.find(({ metric }) => metric === "fid")!.value! };
}

/** null where the tool or Python is missing. */
async function theirs({ tool, samples, reference, checkpoint }: Work): Promise<Timed | null> {
  if (!existsSync(checkpoint)) return null;
  const request = { tool, samples, reference, weights: checkpoint, threads: THREADS };
  const began = performance.now();
  const { stdout } = await execa("python3", [PEERS], { input: `${JSON.stringify(request)}\n` });
  const seconds = (performance.now() - began) / 1000;
  const answer: { values: { fid: number } } | { missing: string } = JSON.parse(stdout);
  if ("values" in answer) return { seconds, fid: answer.values.fid };
  console.error(`${tool} is left out: ${answer.missing}`);
  return null;
}
