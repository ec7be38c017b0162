/** Training one stage: from its start or its last checkpoint to its weights. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { countingRuntime, type Tallies } from "../measure/counting.ts";
import type { Executable, Stage, StageContext, StageWeights } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { createStream } from "../random/index.ts";
import { closeFilm, keepFrame } from "./film.ts";
import { type FrameMaker, openFrames } from "./frames.ts";
import { initialState } from "./initial-state.ts";
import { Diverged, type JobHost, Stopped, type TrainJob, type TrainResult } from "./jobs.ts";
import { openEntry } from "./open.ts";
import { digest, readStored, store } from "./store.ts";
import { readTensors, readWeights, WEIGHTS, writeTensors } from "./tensors.ts";

const CHECKPOINT = "checkpoint.json";
const PREPARED = "prepared.json";
/** What a kill can cost at most, beside the steps between two pictures. */
const CHECKPOINT_SECONDS = 30;

export interface Training {
  readonly job: TrainJob;
  readonly host: JobHost;
  readonly stage: Stage;
  readonly context: StageContext;
  readonly executable: Executable;
  readonly frames: FrameMaker | null;
}

export interface Position {
  /** Steps done. */
  readonly step: number;
  readonly wallSeconds: number;
  readonly loss: number;
  readonly peakMemoryBytes: number;
}

/** Before the first step. */
export const BEGINNING: Position = {
  step: 0,
  wallSeconds: 0,
  loss: Number.NaN,
  peakMemoryBytes: 0,
};

interface Preparation {
  readonly macs: number;
  readonly flops: number;
  readonly images: number;
  readonly wallSeconds: number;
}

/** Leaves `weights.safetensors` in the job's folder: what the stage hands on. */
export async function train(job: TrainJob, host: JobHost): Promise<TrainResult> {
  await mkdir(job.folder, { recursive: true });
  const { opened, stage, context, runtime } = await openStage(job);
  const { prepared, preparation } = await prepare(job, host, stage, context, runtime.tallies);
  const resumed = await lastCheckpoint(job.folder);
  const start =
    resumed?.state ??
    initialState(stage.program, context.random.stream("initial state"), stage.start(context));
  const executable = await opened.backend.compile(stage.program, start);
  const frames = openFrames(job, opened, context.previous);
  const training = { job, host, stage, context, executable, frames };
  const first = resumed?.position ?? { ...BEGINNING, wallSeconds: preparation.wallSeconds };
  const last = await runSteps(training, prepared, first);

  await writeTensors(join(job.folder, WEIGHTS), stage.result(await executable.readState()));
  const { macs, flops, parameters } = stage.program;
  const { wallSeconds: _, ...prepaid } = preparation;
  const result: TrainResult = {
    weightsSha256: (await digest(join(job.folder, WEIGHTS))).sha256,
    steps: job.steps,
    batchSize: stage.batchSize,
    images: job.steps * stage.batchSize,
    macs: macs * job.steps,
    flops: flops * job.steps,
    parameters,
    preparation: prepaid,
    wallSeconds: last.wallSeconds,
    peakMemoryBytes: last.peakMemoryBytes,
    finalLoss: last.loss,
  };
  await closeFilm(job.film);
  await store(job.folder, result, [WEIGHTS]);
  await removeCheckpoints(job.folder);
  return result;
}

async function openStage(job: TrainJob) {
  const opened = await openEntry(job);
  const { model, options, dataset, task } = opened;
  const runtime = countingRuntime(opened.backend);
  const stage = model.stages(options, task).find(({ name }) => name === job.stage);
  if (!stage) throw new Error(`model ${model.name} has no stage ${job.stage}`);
  const previous: StageWeights = await readWeights(job.previous);
  const context: StageContext = {
    task,
    steps: job.steps,
    batchSize: stage.batchSize,
    train: dataset.train,
    random: createStream(job.config.seed, "stage", model.name, stage.name),
    previous,
    runtime,
  };
  return { opened, stage, context, runtime };
}

/** The work before the first step, done once and kept. */
async function prepare(
  job: TrainJob,
  host: JobHost,
  stage: Stage,
  context: StageContext,
  tallies: Tallies,
): Promise<{ prepared: Tensors; preparation: Preparation }> {
  if (!stage.prepare) return { prepared: {}, preparation: { macs: 0, flops: 0, images: 0, wallSeconds: 0 } };
  const file = "prepared.safetensors";
  const known = await readStored<Preparation>(job.folder, PREPARED);
  if (known) return { prepared: await readTensors(join(job.folder, file)), preparation: known.value };
  const began = host.now();
  const prepared = await stage.prepare(context);
  const wallSeconds = (host.now() - began) / 1000;
  const { macs, flops } = tallies.encoder;
  const images = stage.preparationCost?.(context.train.length).images ?? context.train.length;
  const preparation = { macs, flops, images, wallSeconds };
  await writeTensors(join(job.folder, file), prepared);
  await store(job.folder, preparation, [file], PREPARED);
  return { prepared, preparation };
}

/** Steps from `first` to the end. While one runs on the backend the next one's batch is made here. */
export async function runSteps(training: Training, prepared: Tensors, first: Position): Promise<Position> {
  const { job, host, stage, context, executable } = training;
  const batchOf = stage.batches(context, prepared);
  let position = first;
  let saved = host.now();
  let batch = position.step < job.steps ? await batchOf(position.step) : {};
  while (position.step < job.steps) {
    const began = host.now();
    const running = executable.run(batch);
    const upcoming = position.step + 1 < job.steps ? batchOf(position.step + 1) : Promise.resolve({});
    const [outputs, nextBatch] = await Promise.all([running, upcoming]);
    batch = nextBatch;
    const loss = outputs.loss!.data[0]!;
    position = {
      ...position,
      step: position.step + 1,
      wallSeconds: position.wallSeconds + (host.now() - began) / 1000,
      loss,
      peakMemoryBytes: Math.max(position.peakMemoryBytes, process.resourceUsage().maxRSS * 1024),
    };
    if (!Number.isFinite(loss))
      throw new Diverged(`the loss is ${loss} at step ${position.step} of ${job.steps}`);
    host.emit({
      type: "progress",
      done: position.step,
      total: job.steps,
      unit: "steps",
      note: `loss ${loss.toPrecision(3)}`,
    });
    if (position.step % job.frameEvery === 0 || position.step === job.steps)
      await takeFrame(training, position);
    const due = host.now() - saved > CHECKPOINT_SECONDS * 1000;
    if (host.stopping() || (due && position.step < job.steps)) {
      await checkpoint(job.folder, executable, position);
      saved = host.now();
      if (host.stopping()) throw new Stopped(`stopped after step ${position.step} of ${job.steps}`);
    }
  }
  return position;
}

/** A picture of where training stands, and a checkpoint with it. */
async function takeFrame(
  { job, host, stage, executable, frames }: Training,
  position: Position,
): Promise<void> {
  if (!frames) return;
  const { step } = position;
  const images = await frames(stage.result(await executable.readState()));
  host.emit({ type: "frame", step, file: await keepFrame(job.film, step, images) });
  if (step < job.steps) await checkpoint(job.folder, executable, position);
}

async function checkpoint(folder: string, executable: Executable, position: Position): Promise<void> {
  const file = `checkpoint-${position.step}.safetensors`;
  const before = await pointedAt(folder);
  await writeTensors(join(folder, file), await executable.readState());
  await store(folder, position, [file], CHECKPOINT);
  if (before && before !== file) await rm(join(folder, before), { force: true });
}

async function pointedAt(folder: string): Promise<string | null> {
  const path = join(folder, CHECKPOINT);
  if (!existsSync(path)) return null;
  const { value } = JSON.parse(await readFile(path, "utf8")) as { value: Position };
  return `checkpoint-${value.step}.safetensors`;
}

async function lastCheckpoint(folder: string): Promise<{ position: Position; state: Tensors } | null> {
  const stored = await readStored<Position>(folder, CHECKPOINT);
  if (!stored) return null;
  const file = `checkpoint-${stored.value.step}.safetensors`;
  return { position: stored.value, state: await readTensors(join(folder, file)) };
}

async function removeCheckpoints(folder: string): Promise<void> {
  const file = await pointedAt(folder);
  await rm(join(folder, CHECKPOINT), { force: true });
  if (file) await rm(join(folder, file), { force: true });
}
