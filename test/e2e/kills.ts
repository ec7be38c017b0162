/** Killing a run at random moments: which, and how. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import type { Stream } from "../../harness/random/index.ts";
import { command, eventsOf } from "./cli.ts";

/**
 * `run`: kill -9 of the run's own process, which its worker outlives for a moment. `worker`: of the worker, then of
 * the run that has just learned of it. `save`: SIGTERM, then kill -9 while the run may be saving where it stands.
 */
const TARGETS = ["run", "worker", "save"] as const;

interface Kill {
  /** The job that is waited for: its title. */
  readonly job: string;
  /** After the job began. */
  readonly milliseconds: number;
  readonly target: (typeof TARGETS)[number];
}

/**
 * `n` kills in the order that the run meets them. Every job of the run left alone has its turn before any has
 * two; the moment is anywhere within the time it took there.
 */
export function drawKills(random: Stream, alone: string, n: number): Kill[] {
  const jobs = eventsOf(alone).flatMap(({ event, job, seconds }) =>
    event === "finished" && !job!.endsWith("throughput and latency")
      ? [{ job: job!, seconds: seconds! }]
      : [],
  );
  const turns: number[] = [];
  while (turns.length < n) turns.push(...random.permutation(jobs.length));
  return turns
    .slice(0, n)
    .sort((a, b) => a - b)
    .map((turn) => ({
      job: jobs[turn]!.job,
      milliseconds: random.uniform() * jobs[turn]!.seconds * 1000,
      target: TARGETS[random.integer(TARGETS.length)]!,
    }));
}

/** Starts or resumes the run in `folder` and kills it. @returns whether it was still running */
export async function runAndKill(folder: string, { job, milliseconds, target }: Kill): Promise<boolean> {
  const known = eventsOf(folder).length;
  const news = () => eventsOf(folder).slice(known);
  const child = command(folder, runArguments(folder));
  let ended = false;
  const end = child.then(() => {
    ended = true;
  });
  const until = async (happened: () => boolean): Promise<void> => {
    while (!ended && !happened()) await setTimeout(5);
  };
  await until(() => news().some((one) => one.job === job));
  await Promise.race([setTimeout(milliseconds), end]);
  const wasRunning = !ended;
  if (target === "worker" && (await killWorkers(child.pid!)))
    await until(() => news().some(({ event }) => event === "failed"));
  if (target === "save") {
    child.kill("SIGTERM");
    await Promise.race([setTimeout(milliseconds / 4), end]);
  }
  child.kill("SIGKILL");
  await end;
  return wasRunning;
}

export const runArguments = (folder: string): string[] =>
  existsSync(join(folder, "out", "config.resolved.json"))
    ? ["run", "--resume", "out"]
    : ["run", "-c", "kills.config.ts", "--threads", "1", "--output", "out"];

async function killWorkers(parent: number): Promise<boolean> {
  const { stdout } = await execa("ps", ["-A", "-o", "pid=,ppid="]);
  const workers = stdout.split("\n").flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return ppid === parent ? [pid!] : [];
  });
  for (const pid of workers) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself in the meantime.
    }
  }
  return workers.length > 0;
}
