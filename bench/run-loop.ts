/** `run-overhead`: a stage's training loop against a bare loop of the same executable. `memory-500-steps`: what it leaves behind. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NO_PREPARATION } from "../harness/measure/ledger.ts";
import type { Executable, Stage, StageContext } from "../harness/plugin.ts";
import type { JobHost, TrainJob } from "../harness/run/jobs.ts";
import { openProduct } from "./product.ts";
import { type BenchRow, median } from "./row.ts";

const STEPS = 40;
const ROUNDS = 7;

export const RUN_LOOP: Readonly<Record<string, () => Promise<BenchRow>>> = {
  "run-overhead": overhead,
  "memory-500-steps": memory,
};

interface Loop {
  readonly executable: Executable;
  readonly stage: Stage;
  readonly context: StageContext;
  /** The loop of a run, over that many steps. */
  readonly run: (steps: number) => Promise<void>;
}

async function openLoop(): Promise<Loop> {
  const { BEGINNING, runSteps, Feed, openCurve, createStream, initialState, onnxruntime, shapes, epg } =
    await openProduct();
  const folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  const backend = await onnxruntime.open({ threads: 2 } as never);
  const sizes = { resolution: 32, train: 512, reference: 8, heldOut: 8 };
  const dataset = await shapes.open(sizes as never, {
    seed: 0,
    cacheFolder: folder,
    baseFolder: folder,
    threads: 2,
  });
  const task = { resolution: 32, classes: dataset.classes.length };
  const options = epg.schema.parse({ pretraining: { share: 0 } }) as never;
  const stage = epg.stages(options, task)[0]!;
  const context: StageContext = {
    task,
    steps: 1000,
    batchSize: stage.batchSize,
    train: dataset.train,
    random: createStream(0, "bench"),
    previous: {},
    runtime: backend,
  };
  const state = initialState(stage.program, context.random, stage.start(context));
  const executable = await backend.compile(stage.program, state);
  const host: JobHost = { emit: () => {}, stopping: () => false, now: () => performance.now() };
  const run = async (steps: number): Promise<void> => {
    const job = { folder, steps, until: steps, milestones: [], frameEvery: steps + 1 } as unknown as TrainJob;
    const record = await openCurve(folder, { ...stage, steps, preparationFlops: 0 }, 0);
    const make = stage.batches({ ...context, steps }, {});
    const feed = new Feed({ make, openMakers: null, first: 0, steps });
    const loop = { job, host, stage, backend, executable, frames: null, record, preparation: NO_PREPARATION };
    await runSteps(loop, feed, BEGINNING);
  };
  return { executable, stage, context, run };
}

/** Percent by which a run's steps, batches made and all, take longer than the executable alone on a batch at hand. */
async function overhead(): Promise<BenchRow> {
  const { executable, stage, context, run } = await openLoop();
  const batch = await stage.batches(context, {})(0);
  const bare = async (): Promise<void> => {
    for (let step = 0; step < STEPS; step++) await executable.run(batch);
  };
  await bare();
  const times: Record<"bare" | "run", number[]> = { bare: [], run: [] };
  const timed = async (kind: "bare" | "run", work: () => Promise<void>): Promise<void> => {
    const began = performance.now();
    await work();
    times[kind].push((performance.now() - began) / STEPS);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await timed("bare", bare);
    await timed("run", () => run(STEPS));
  }
  await executable.dispose();
  const ratio = median(times.run) / median(times.bare);
  return { id: "run-overhead", unit: "%", value: 100 * (ratio - 1), peers: {} };
}

/** Growth of the resident set over 500 steps, after 100 to settle. */
async function memory(): Promise<BenchRow> {
  const { executable, run } = await openLoop();
  await run(100);
  const before = process.memoryUsage().rss;
  await run(500);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  await executable.dispose();
  return { id: "memory-500-steps", unit: "MiB", value: grown, peers: {} };
}
