/** The steps of a training, one after another, each batch made while the step before it runs. */
import { MOST_INPUT_WAIT } from "../measure/ledger.ts";
import { peakMemoryBytes } from "../measure/memory.ts";
import type { Backend, Executable, PreparationCost, Stage } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { checkpoint, type Position } from "./checkpoint.ts";
import type { Recorder } from "./curve.ts";
import { followed, type StepTaken } from "./divergence.ts";
import type { Feed } from "./feed.ts";
import { keepFrame } from "./film.ts";
import type { FrameMaker } from "./frames.ts";
import { leaveMilestone } from "./hand-on.ts";
import { type JobHost, Stopped, type TrainJob } from "./jobs.ts";

/** What a kill can cost at most, beside the steps between two pictures. */
const CHECKPOINT_SECONDS = 30;
/** Part of its time that a step may wait for its batch before more are made at a time. */
const TOLERATED_WAIT = 0.01;

export interface Training {
  readonly job: TrainJob;
  readonly host: JobHost;
  readonly stage: Stage;
  readonly backend: Pick<Backend, "peakMemoryBytes">;
  readonly executable: Executable;
  readonly frames: FrameMaker | null;
  readonly record: Recorder;
  readonly preparation: PreparationCost;
}

/** Steps from `first` to where the job ends. While one runs on the backend the next one's batch is made. */
export async function runSteps(training: Training, feed: Feed, first: Position): Promise<Position> {
  const { job, host, stage, backend, executable, record } = training;
  const { steps, until } = job;
  let position = first;
  let saved = host.now();
  host.emit({ type: "began", done: first.step, total: until, unit: "steps" });
  let batch = position.step < until ? await feed.next() : {};
  while (position.step < until) {
    const began = host.now();
    const running = executable.run(batch);
    const step = position.step + 1;
    const upcoming = step < until ? bring(training, feed) : null;
    // A step that fails is told before its successor's batch.
    upcoming?.catch(() => {});
    const outputs = await running;
    const ended = host.now();
    const next = await upcoming;
    const waited = host.now() - ended;
    if (next && next.made - ended > TOLERATED_WAIT * (ended - began)) feed.hurry();
    record(step, batch, outputs);
    const taken = stepTaken(step, batch, outputs);
    batch = next?.batch ?? {};
    position = {
      step,
      wallSeconds: position.wallSeconds + (host.now() - began) / 1000,
      inputWaitSeconds: position.inputWaitSeconds + waited / 1000,
      loss: taken.loss,
      peakMemoryBytes: Math.max(position.peakMemoryBytes, peakMemoryBytes(backend)),
      course: followed(position.course, taken, steps),
    };
    const seconds = position.wallSeconds - first.wallSeconds;
    const rate = ((step - first.step) * stage.batchSize) / seconds;
    const wait = (position.inputWaitSeconds - first.inputWaitSeconds) / seconds;
    const note = noteOf(taken, rate, wait);
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

/** The next batch, where it is computed, and when it was made. */
async function bring({ host, executable }: Training, feed: Feed): Promise<{ batch: Tensors; made: number }> {
  const batch = await feed.next();
  const made = host.now();
  await executable.send?.(batch);
  return { batch, made };
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

/**
 * `loss 0.312, gradient norm 1.20, 340 images/s`, and `input wait 5.1 %` where that is much.
 * @param rate images a second, of this process's steps
 * @param wait part of their time
 */
function noteOf({ loss, gradientNorm }: StepTaken, rate: number, wait: number): string {
  const norm = gradientNorm === undefined ? [] : [`gradient norm ${gradientNorm.toPrecision(3)}`];
  const waited = wait > MOST_INPUT_WAIT ? [`input wait ${(100 * wait).toFixed(1)} %`] : [];
  return [`loss ${loss.toPrecision(3)}`, ...norm, `${rate.toPrecision(3)} images/s`, ...waited].join(", ");
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
