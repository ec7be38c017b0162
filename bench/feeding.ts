/**
 * `feed-epg-l-256`: images a second that this machine's threads make for EPG-L/16's pre-training at 256 px, beside what GPUs
 * take. `input-wait-epg-l-256`: what such training waits for them on a GPU of the published throughput, here a timer.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { impliedUtilisation } from "../harness/cost/hours.ts";
import { namedCost } from "../harness/cost/named-cost.ts";
import { onGpus } from "../harness/cost/on-gpus.ts";
import { GPUS } from "../harness/measure/gpus.ts";
import type { Executable } from "../harness/plugin.ts";
import type { JobHost } from "../harness/run/jobs.ts";
import type { Training } from "../harness/run/steps.ts";
import { openProduct } from "./product.ts";
import { type BenchRow, median } from "./row.ts";

const STAGE = "pre-training";
const SIDE = 256;
const BATCH = 16;
const ROUNDS = 5;
/** Of a round. */
const STEPS = 8;
const ALL_STEPS = (ROUNDS + 1) * STEPS;

export const FEEDING: Readonly<Record<string, () => Promise<BenchRow>>> = {
  "feed-epg-l-256": feed,
  "input-wait-epg-l-256": inputWait,
};

async function openStageThere() {
  const { epg, shapes, openStage, openBatchThreads, ...product } = await openProduct();
  const sizes = { resolution: SIDE, train: 64, reference: 8, heldOut: 8 };
  const opened = { seed: 0, cacheFolder: "", baseFolder: "", threads: 2 };
  const { train, classes } = await shapes.open(sizes as never, opened);
  const options = { size: "L/16", batchSize: BATCH };
  const job = {
    config: { seed: 0, baseFolder: process.cwd(), file: null, name: "bench" } as never,
    model: { kind: "model", plugin: "epg", options } as const,
    stage: STAGE,
    steps: ALL_STEPS,
    title: "bench",
  };
  const model = { model: epg as never, options: epg.schema.parse(options) as never };
  const { stage, context } = openStage(job, model, { resolution: SIDE, classes: classes.length }, train);
  const openMakers = (bytes: number) => openBatchThreads(job, context, {}, bytes);
  return { ...product, stage, context, openMakers };
}

/** Images a second that pre-training takes on so many H200, at the utilisation that the published hours imply. */
async function taken(count: number): Promise<number> {
  const { utilisation } = impliedUtilisation(await namedCost("epg-xl-256"));
  const cost = await namedCost("epg-l-256-onestep");
  const stages = onGpus(cost, { gpu: GPUS.h200, count, utilisation });
  const { batchSize, stepSeconds } = stages.find(({ stage }) => stage === STAGE)!;
  return batchSize! / stepSeconds!;
}

async function feed(): Promise<BenchRow> {
  const { openMakers } = await openStageThere();
  const threads = openMakers(BATCH * 4 * 3 * SIDE ** 2 * Float32Array.BYTES_PER_ELEMENT);
  const round = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 2 * threads.most }, (_, step) => threads.make(step)));
  await round();
  const rates: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const began = performance.now();
    await round();
    rates.push((2 * threads.most * BATCH * 1000) / (performance.now() - began));
  }
  await threads.close();
  console.error(`threads: ${threads.most}`);
  const peers = { "one H200 takes": await taken(1), "eight H200 take": await taken(8) };
  return { id: "feed-epg-l-256", unit: "images/s", value: median(rates), peers };
}

async function inputWait(): Promise<BenchRow> {
  const { stage, context, openMakers, Feed, runSteps, BEGINNING } = await openStageThere();
  const stepMs = (1000 * BATCH) / (await taken(1));
  const executable: Pick<Executable, "run"> = {
    async run() {
      await sleep(stepMs);
      return { loss: { dtype: "float32", shape: [], data: Float32Array.of(1) } };
    },
  };
  const host: JobHost = { emit: () => {}, stopping: () => false, now: () => performance.now() };
  const batches = new Feed({ make: stage.batches(context, {}), openMakers, first: 0, steps: ALL_STEPS });
  let position = BEGINNING;
  const parts: number[] = [];
  while (position.step < ALL_STEPS) {
    const job = { steps: position.step + STEPS, frameEvery: ALL_STEPS + 1 };
    const record = (): void => {};
    const training = {
      job,
      host,
      stage,
      backend: {},
      executable,
      frames: null,
      record,
    } as unknown as Training;
    const before = position;
    position = await runSteps(training, batches, before);
    const waited = position.inputWaitSeconds - before.inputWaitSeconds;
    parts.push((100 * waited) / (position.wallSeconds - before.wallSeconds));
  }
  await batches.close();
  // The first opens the threads.
  return { id: "input-wait-epg-l-256", unit: "%", value: median(parts.slice(1)), peers: {} };
}
