/** `latent-cache`: what keeping a data set's latents takes beside encoding it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchesOf } from "../harness/batches.ts";
import { noTallies } from "../harness/measure/counting.ts";
import type { Stage, StageContext } from "../harness/plugin.ts";
import type { JobHost, TrainJob } from "../harness/run/jobs.ts";
import { SIZES } from "../plugins/models/latent/sizes.ts";
import { openProduct } from "./product.ts";
import { type BenchRow, median } from "./row.ts";

type Size = keyof typeof SIZES & ("tiny" | "small");

/** The smaller the autoencoder, the less work to hide behind. */
export const LATENT_CACHE: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  (["tiny", "small"] as const).map((size) => [`latent-cache-${size}`, () => added(size)]),
);

const ROUNDS = 11;
const TASK = { resolution: 64, classes: 8 };
/** Each is encoded mirrored too. */
const IMAGES = 256;
const BATCH = 32;

interface Encodings {
  /** Every batch read and encoded, the latents dropped. */
  bare(): Promise<void>;
  /** As a stage prepares itself: latents kept whole, measured, written and digested. */
  cached(folder: string): Promise<void>;
}

/** Percent by which encoding into the cache takes longer than encoding: the median of pairs, one after the other in turn. */
async function added(size: Size): Promise<BenchRow> {
  const folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  const empty = () => mkdtemp(join(folder, "round-"));
  try {
    const { bare, cached } = await openEncodings(folder, size);
    await bare();
    await cached(await empty());
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const into = await empty();
      const pair = round % 2 === 0 ? [bare, () => cached(into)] : [() => cached(into), bare];
      const [first, second] = [await timed(pair[0]!), await timed(pair[1]!)];
      ratios.push(round % 2 === 0 ? second / first : first / second);
    }
    return { id: `latent-cache-${size}`, unit: "%", value: 100 * (median(ratios) - 1), peers: {} };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function openEncodings(folder: string, size: Size): Promise<Encodings> {
  const product = await openProduct();
  const { createStream, initialState, onnxruntime, shapes, latent, encoderProgram, rowImages, prepare } =
    product;
  const sizes = { resolution: TASK.resolution, train: IMAGES, reference: 8, heldOut: 8 };
  const opening = { seed: 0, cacheFolder: folder, baseFolder: folder, threads: 2 };
  const { train } = await shapes.open(sizes as never, opening);
  const options = latent.schema.parse({ size }) as never;
  const [vae, dit] = latent.stages(options, TASK) as [Stage, Stage];
  const weights = vae.result(initialState(vae.program, createStream(0, "bench")));
  const backend = await onnxruntime.open({ threads: 2 } as never);
  const context: StageContext = {
    task: TASK,
    steps: 1,
    batchSize: dit.batchSize,
    train,
    random: createStream(0, "bench"),
    previous: { VAE: weights },
    runtime: backend,
  };
  const host: JobHost = { emit: () => {}, stopping: () => false, now: () => performance.now() };
  return {
    async bare() {
      const program = encoderProgram(SIZES[size].autoencoder, BATCH, TASK.resolution);
      const executable = await backend.compile(program, weights);
      for (const { positions } of batchesOf(2 * IMAGES, BATCH))
        await executable.run({ images: await rowImages(train, TASK.resolution, positions) });
      await executable.dispose();
    },
    async cached(into) {
      await prepare({ folder: into } as TrainJob, host, dit, context, noTallies());
    },
  };
}
