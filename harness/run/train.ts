/** Training one stage: from its start or its last checkpoint to its weights. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { countingRuntime, type Tallies } from "../measure/counting.ts";
import { NO_PREPARATION } from "../measure/ledger.ts";
import type { PreparationCost, Stage, StageContext } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { openBatchThreads } from "./batch-threads.ts";
import { BEGINNING, lastCheckpoint, removeCheckpoints } from "./checkpoint.ts";
import { CURVE, openCurve } from "./curve.ts";
import { Feed } from "./feed.ts";
import { closeFilm } from "./film.ts";
import { openFrames } from "./frames.ts";
import { handOn } from "./hand-on.ts";
import { initialState } from "./initial-state.ts";
import type { JobHost, TrainJob, TrainResult } from "./jobs.ts";
import { openEntry } from "./open.ts";
import { openStage } from "./open-stage.ts";
import { weightsFrom } from "./pretrained.ts";
import { runSteps, type Training } from "./steps.ts";
import { readStored, store } from "./store.ts";
import { readTensors, WEIGHTS, writeTensors } from "./tensors.ts";

const PREPARED = "prepared.json";

interface Preparation extends PreparationCost {
  readonly wallSeconds: number;
}

/** Leaves `weights.safetensors` in the job's folder: what the stage hands on. */
export async function train(job: TrainJob, host: JobHost): Promise<TrainResult> {
  await mkdir(job.folder, { recursive: true });
  const { opened, stage, context, runtime } = await openTraining(job);
  const { prepared, preparation } = await prepare(job, host, stage, context, runtime.tallies);
  const resumed = await lastCheckpoint(job.folder);
  const start =
    resumed?.state ??
    initialState(stage.program, context.random.stream("initial state"), stage.start(context));
  const { backend } = opened;
  const executable = await backend.compile({ ...stage.program, batch: stage.batchSize }, start);
  const frames = await openFrames(job, opened, context.previous);
  const first = resumed?.position ?? { ...BEGINNING, wallSeconds: preparation.wallSeconds };
  const recorded = { ...stage, steps: job.steps, preparationFlops: preparation.flops };
  const record = await openCurve(job.folder, recorded, first.step);
  const { wallSeconds: _, ...prepaid } = preparation;
  const training = { job, host, stage, backend, executable, frames, record, preparation: prepaid };
  const feed = openFeed(training, context, prepared, first.step);
  const last = await runSteps(training, feed, first).finally(() => feed.close());

  const result = await handOn(training, last, job.folder);
  await closeFilm(job.film);
  await store(job.folder, result, [WEIGHTS, CURVE]);
  await removeCheckpoints(job.folder);
  return result;
}

async function openTraining(job: TrainJob) {
  const opened = await openEntry(job);
  const runtime = countingRuntime(opened.backend);
  const { stage, context } = openStage(job, opened, opened.task, opened.dataset.train);
  const previous = await weightsFrom(job.previous, opened);
  return { opened, stage, context: { ...context, previous, runtime }, runtime };
}

/** Threads are plain Node, which cannot load TypeScript on every version we support: run from its sources there are none. */
function openFeed(
  { job, stage }: Pick<Training, "job" | "stage">,
  context: StageContext,
  prepared: Tensors,
  first: number,
): Feed {
  const built = !import.meta.url.endsWith(".ts");
  return new Feed({
    make: stage.batches(context, prepared),
    openMakers: built ? (batchBytes) => openBatchThreads(job, context, prepared, batchBytes) : null,
    first,
    steps: job.until,
  });
}

/** The work before the first step, done once and kept. */
export async function prepare(
  job: TrainJob,
  host: JobHost,
  stage: Stage,
  context: StageContext,
  tallies: Tallies,
): Promise<{ prepared: Tensors; preparation: Preparation }> {
  if (!stage.prepare) return { prepared: {}, preparation: { ...NO_PREPARATION, wallSeconds: 0 } };
  const file = "prepared.safetensors";
  const known = await readStored<Preparation>(job.folder, PREPARED);
  if (known) return { prepared: await readTensors(join(job.folder, file)), preparation: known.value };
  const began = host.now();
  const prepared = await stage.prepare(context);
  const wallSeconds = (host.now() - began) / 1000;
  const { macs, flops } = tallies.encoder;
  const {
    what = "preparing",
    images = context.train.length,
    batchSize = images,
  } = stage.preparationCost?.(context.train.length) ?? {};
  const preparation = { what, images, batchSize, macs, flops, wallSeconds };
  await writeTensors(join(job.folder, file), prepared);
  await store(job.folder, preparation, [file], PREPARED);
  return { prepared, preparation };
}
