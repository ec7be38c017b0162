/** Training one stage: from its start or its last checkpoint to its weights. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { countingRuntime, type Tallies } from "../measure/counting.ts";
import { NO_PREPARATION } from "../measure/ledger.ts";
import { peakMemoryBytes } from "../measure/memory.ts";
import type { Backend, Executable, PreparationCost, Stage, StageContext } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { createStream } from "../random/index.ts";
import { BEGINNING, checkpoint, lastCheckpoint, type Position, removeCheckpoints } from "./checkpoint.ts";
import { CURVE, openCurve, type Recorder } from "./curve.ts";
import { followed, type StepTaken } from "./divergence.ts";
import { closeFilm, keepFrame } from "./film.ts";
import { type FrameMaker, openFrames } from "./frames.ts";
import { handOn, leaveMilestone } from "./hand-on.ts";
import { initialState } from "./initial-state.ts";
import { type JobHost, Stopped, type TrainJob, type TrainResult } from "./jobs.ts";
import { openEntry } from "./open.ts";
import { weightsFrom } from "./pretrained.ts";
import { readStored, store } from "./store.ts";
import { readTensors, WEIGHTS, writeTensors } from "./tensors.ts";

const PREPARED = "prepared.json";
/** What a kill can cost at most, beside the steps between two pictures. */
const CHECKPOINT_SECONDS = 30;

export interface Training {
  readonly job: TrainJob;
  readonly host: JobHost;
  readonly stage: Stage;
  readonly context: StageContext;
  readonly backend: Pick<Backend, "peakMemoryBytes">;
  readonly executable: Executable;
  readonly frames: FrameMaker | null;
  readonly record: Recorder;
  readonly preparation: PreparationCost;
}

interface Preparation extends PreparationCost {
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
  const { backend } = opened;
  const executable = await backend.compile(stage.program, start);
  const frames = await openFrames(job, opened, context.previous);
  const first = resumed?.position ?? { ...BEGINNING, wallSeconds: preparation.wallSeconds };
  const recorded = { ...stage, steps: job.steps, preparationFlops: preparation.flops };
  const record = await openCurve(job.folder, recorded, first.step);
  const { wallSeconds: _, ...prepaid } = preparation;
  const training = { job, host, stage, context, backend, executable, frames, record, preparation: prepaid };
  const last = await runSteps(training, prepared, first);

  const result = await handOn(training, last, job.folder);
  await closeFilm(job.film);
  await store(job.folder, result, [WEIGHTS, CURVE]);
  await removeCheckpoints(job.folder);
  return result;
}

async function openStage(job: TrainJob) {
  const opened = await openEntry(job);
  const { model, options, dataset, task } = opened;
  const runtime = countingRuntime(opened.backend);
  const stage = model.stages(options, task).find(({ name }) => name === job.stage);
  if (!stage) throw new Error(`model ${model.name} has no stage ${job.stage}`);
  const previous = await weightsFrom(job.previous, opened);
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

/** Steps from `first` to where the job ends. While one runs on the backend the next one's batch is made here. */
export async function runSteps(training: Training, prepared: Tensors, first: Position): Promise<Position> {
  const { job, host, stage, context, backend, executable, record } = training;
  const { steps, until } = job;
  const batchOf = stage.batches(context, prepared);
  let position = first;
  let saved = host.now();
  host.emit({ type: "began", done: first.step, total: until, unit: "steps" });
  let batch = position.step < until ? await batchOf(position.step) : {};
  while (position.step < until) {
    const began = host.now();
    const running = executable.run(batch);
    const step = position.step + 1;
    const upcoming = step < until ? batchOf(step) : Promise.resolve({});
    const [outputs, nextBatch] = await Promise.all([running, upcoming]);
    record(step, batch, outputs);
    const taken = stepTaken(step, batch, outputs);
    batch = nextBatch;
    position = {
      step,
      wallSeconds: position.wallSeconds + (host.now() - began) / 1000,
      loss: taken.loss,
      peakMemoryBytes: Math.max(position.peakMemoryBytes, peakMemoryBytes(backend)),
      course: followed(position.course, taken, steps),
    };
    const rate = ((step - first.step) * stage.batchSize) / (position.wallSeconds - first.wallSeconds);
    const note = noteOf(taken, rate);
    host.emit({ type: "progress", done: step, total: until, unit: "steps", note });
    if (step < until) await leaveMilestone(training, position);
    if (step % job.frameEvery === 0 || step === steps) await takeFrame(training, position);
    const due = host.now() - saved > CHECKPOINT_SECONDS * 1000;
    if (host.stopping() || (due && step < until)) {
      await checkpoint(job.folder, executable, position);
      saved = host.now();
      if (host.stopping()) throw new Stopped(`stopped after step ${step} of ${until}`);
    }
  }
  return position;
}

function stepTaken(step: number, inputs: Tensors, outputs: Tensors): StepTaken {
  const { loss, gradientNorm } = outputs;
  return {
    step,
    loss: loss!.data[0]!,
    gradientNorm: gradientNorm?.data[0],
    learningRate: inputs.learningRate?.data[0],
  };
}

/** `loss 0.312, gradient norm 1.20, 340 images/s`. @param rate images a second, of this process's steps */
function noteOf({ loss, gradientNorm }: StepTaken, rate: number): string {
  const norm = gradientNorm === undefined ? [] : [`gradient norm ${gradientNorm.toPrecision(3)}`];
  return [`loss ${loss.toPrecision(3)}`, ...norm, `${rate.toPrecision(3)} images/s`].join(", ");
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
