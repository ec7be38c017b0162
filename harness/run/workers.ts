/** Sending jobs to worker processes. */
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";
import { errorOf, type Failure } from "./failure.ts";
import { type Job, type JobEvent, Stopped } from "./jobs.ts";
import type { Done, WorkerMessage, WorkerRequest } from "./worker.ts";

/** A job failed in a way that concerns this job alone: the others go on. */
export class JobFailed extends Error {
  override name = "JobFailed";
}

export class WorkerPool {
  #idle: Worker | null = null;
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Runs one job in a process that has done nothing else (`fresh`: its peak memory is the job's) or in one
   * that stays for the next. Throws `Stopped`, `UserError`, or `JobFailed` with what the job said.
   */
  async run(job: Job, onEvent: (event: JobEvent) => void, fresh = true): Promise<Done> {
    if (this.#signal.aborted) throw new Stopped("stopped before it began");
    const worker = (!fresh && this.#idle) || new Worker();
    if (worker === this.#idle) this.#idle = null;
    const stop = (): void => worker.send({ type: "stop" });
    this.#signal.addEventListener("abort", stop, { once: true });
    try {
      const result = await worker.perform(job, onEvent);
      if (fresh || this.#idle) await worker.close();
      else this.#idle = worker;
      return result;
    } catch (error) {
      await worker.close();
      throw error;
    } finally {
      this.#signal.removeEventListener("abort", stop);
    }
  }

  async close(): Promise<void> {
    await this.#idle?.close();
    this.#idle = null;
  }
}

const startWorker = () =>
  execaNode(fileURLToPath(new URL("./worker.js", import.meta.url)), [], {
    ipc: true,
    reject: false,
    stdin: "ignore",
    stdout: "ignore",
    buffer: { ipc: false, stdout: false },
    maxBuffer: 1_000_000,
  });

class Worker {
  readonly #process = startWorker();

  send(request: WorkerRequest): void {
    this.#process.send(request);
  }

  /** Sends a job and follows it to its end. */
  perform(job: Job, onEvent: (event: JobEvent) => void): Promise<Done> {
    return new Promise((resolve, reject) => {
      const settle = (message: unknown): void => {
        const told = message as WorkerMessage;
        if (told.type === "event") {
          onEvent(told.event);
          return;
        }
        this.#process.off("message", settle);
        if (told.type === "done") resolve(told);
        else reject(asError(told));
      };
      this.#process.on("message", settle);
      this.#process.then(({ exitCode, signal, stderr }) => {
        const how = signal ? `was killed by ${signal}` : `ended with exit code ${exitCode}`;
        const last = stderr.trim().split("\n").at(-1);
        reject(new JobFailed(`its worker process ${how}${last ? `: ${last}` : ""}`));
      });
      this.send({ type: "job", job });
    });
  }

  async close(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process;
  }
}

const asError = (failure: Failure): Error =>
  ["entry", "crash"].includes(failure.reason) ? new JobFailed(failure.message) : errorOf(failure);
