/** Doing a job or finding it done, with progress and a journal entry; a failure belongs to the job alone. */
import type { Job, JobEvent } from "./jobs.ts";
import { Diverged, Stopped } from "./jobs.ts";
import type { Clock, Journal } from "./journal.ts";
import type { Progress, StageProgress } from "./progress.ts";
import { readStored } from "./store.ts";
import { JobFailed, type WorkerPool } from "./workers.ts";

export interface Performer {
  readonly progress: Progress;
  readonly journal: Journal;
  readonly pool: WorkerPool;
  readonly clock: Clock;
}

export type Outcome<Result> =
  | { readonly state: "done"; readonly result: Result; readonly cached: boolean }
  | { readonly state: "failed"; readonly reason: string };

interface Options {
  /** A process that has done nothing else (its peak memory is measured), or one that stays for the next job. */
  readonly fresh: boolean;
  readonly onFrame?: (event: Extract<JobEvent, { type: "frame" }>) => Promise<void>;
}

/** What is not known of the time of a run that was killed. */
const PROGRESS_SECONDS = 30;

/** Throws `Stopped` and the user's mistakes (a damaged cache); any other failure is an outcome. */
export async function perform<Result>(
  performer: Performer,
  job: Job,
  { fresh, onFrame }: Options,
): Promise<Outcome<Result>> {
  const { progress, journal, pool, clock } = performer;
  const known = await readStored<Result>(job.folder);
  if (known) return foundDone(performer, job, known.value);
  const began = clock.now();
  await journal.write("started", { job: job.title, folder: job.folder });
  const shown: StageProgress[] = [];
  const stageOf = (total: number, unit: string, from = 0): StageProgress => {
    shown[0] ??= progress.stage(job.title, total, unit, from);
    return shown[0];
  };
  const pending: Promise<void>[] = [];
  let written = began;
  const follow = (event: JobEvent): void => {
    if (event.type === "frame") {
      if (onFrame) pending.push(onFrame(event));
      return;
    }
    if (event.type === "waiting") {
      const { pid, machine } = event.rival;
      progress.note(`${job.title}: waits for another run that is at it (process ${pid} on ${machine})`);
      return;
    }
    if (event.type === "began") {
      stageOf(event.total, event.unit, event.done);
      return;
    }
    stageOf(event.total, event.unit).update(event.done, event.note);
    if (clock.now() - written < PROGRESS_SECONDS * 1000) return;
    written = clock.now();
    pending.push(journal.write("progress", { job: job.title, done: event.done, total: event.total }));
  };
  try {
    const { result, cached } = await pool.run(job, follow, fresh);
    await Promise.all(pending);
    if (cached) return await foundDone(performer, job, result as Result);
    stageOf(1, "job").done();
    await journal.write("finished", { job: job.title, seconds: (clock.now() - began) / 1000 });
    return { state: "done", result: result as Result, cached: false };
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0]!;
    // What was stopped before it began was never shown.
    if (!(error instanceof Stopped)) stageOf(1, "job").fail(reason);
    else shown[0]?.stop();
    await journal.write(error instanceof Stopped ? "stopped" : "failed", {
      job: job.title,
      reason: (error as Error).message,
    });
    if (error instanceof JobFailed || error instanceof Diverged) return { state: "failed", reason };
    throw error;
  }
}

async function foundDone<Result>(
  { progress, journal }: Performer,
  job: Job,
  result: Result,
): Promise<Outcome<Result>> {
  progress.note(`${job.title}: in the cache`);
  await journal.write("cached", { job: job.title, folder: job.folder });
  return { state: "done", result, cached: true };
}
