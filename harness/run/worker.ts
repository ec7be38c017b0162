/**
 * A worker process: does the jobs it is sent, one after another, and tells how they end. Native code runs
 * here, so that a crash or an out-of-memory ends this process and one job, not the run.
 */
import { claim } from "./claim.ts";
import { type Failure, failureOf } from "./failure.ts";
import { type Job, type JobEvent, type JobHost, Stopped } from "./jobs.ts";
import { readStored } from "./store.ts";

export interface Done {
  readonly result: unknown;
  /** Whether another run did the job. */
  readonly cached: boolean;
}

export type WorkerMessage =
  | { readonly type: "event"; readonly event: JobEvent }
  | ({ readonly type: "done" } & Done)
  | ({ readonly type: "failed" } & Failure);

export type WorkerRequest = { readonly type: "job"; readonly job: Job } | { readonly type: "stop" };

let stopping = false;

const send = (message: WorkerMessage): void => {
  process.send?.(message);
};

/** At most ten progress messages a second. */
function throttled(): (event: JobEvent) => void {
  let last = 0;
  return (event) => {
    const now = performance.now();
    if (event.type === "progress" && event.done < event.total && now - last < 100) return;
    last = now;
    send({ type: "event", event });
  };
}

/** Does a job, or finds it done by a run that was at it at the same time. */
async function perform(job: Job, host: JobHost): Promise<Done> {
  const claimed = await claim(job.folder, {
    onWait: (rival) => host.emit({ type: "waiting", rival }),
    keepWaiting: () => {
      if (host.stopping()) throw new Stopped("stopped while another run was at it");
    },
  });
  try {
    const known = await readStored(job.folder);
    return known ? { result: known.value, cached: true } : { result: await begin(job, host), cached: false };
  } finally {
    await claimed.release();
  }
}

async function begin(job: Job, host: JobHost): Promise<unknown> {
  switch (job.kind) {
    case "train":
      return (await import("./train.ts")).train(job, host);
    case "sample":
      return (await import("./sample.ts")).sample(job, host);
    case "share":
      return (await import("./sample.ts")).share(job, host);
    case "extract":
      return (await import("./extract.ts")).extract(job, host);
    case "reconstruct":
      return (await import("./reconstruct.ts")).reconstruct(job, host);
    case "probe":
      return (await import("./probe.ts")).probe(job, host);
    case "measure":
      return (await import("./measure.ts")).measure(job, host);
    case "score":
      return (await import("./score.ts")).score(job, host);
    case "validate":
      return (await import("./validate.ts")).validate(job, host);
  }
}

process.on("message", async (request: WorkerRequest) => {
  if (request.type === "stop") {
    stopping = true;
    return;
  }
  const host: JobHost = { emit: throttled(), stopping: () => stopping, now: () => performance.now() };
  try {
    send({ type: "done", ...(await perform(request.job, host)) });
  } catch (error) {
    send({ type: "failed", ...failureOf(error) });
  }
});
// The parent is gone, by a kill perhaps: nobody is left to work for.
process.on("disconnect", () => process.exit(1));
// These reach the whole process group; the parent decides when to stop.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
