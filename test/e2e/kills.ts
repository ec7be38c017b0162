/** Killing a run at random moments: which, and how, and that nothing is lost. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { execa } from "execa";
import { beforeAll, expect, it } from "vitest";
import { createStream, type Stream } from "../../harness/random/index.ts";
import { command, eventsOf, readResult, temporaryFolder, timeless } from "./cli.ts";

/**
 * `run`: kill -9 of the run's own process, which its worker outlives for a moment. `worker`: of the worker, then of
 * the run that has just learned of it. `save`: SIGTERM, then kill -9 while the run may be saving where it stands.
 * `engine`: of what the worker started to compute with, then of the run that has just learned of it.
 */
type Target = "run" | "worker" | "save" | "engine";

interface Kill {
  /** The job that is waited for: its title. */
  readonly job: string;
  /** After the job began. */
  readonly milliseconds: number;
  readonly target: Target;
}

/**
 * `n` kills in the order that the run meets them. Every job of the run left alone has its turn before any has
 * two; the moment is anywhere within the time it took there.
 */
function drawKills(random: Stream, alone: string, n: number, targets: readonly Target[]): Kill[] {
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
      target: targets[random.integer(targets.length)]!,
    }));
}

/** Starts or resumes the run in `folder` and kills it. @returns whether it was still running */
async function runAndKill(
  folder: string,
  { job, milliseconds, target }: Kill,
  flags: readonly string[],
): Promise<boolean> {
  const known = eventsOf(folder).length;
  const news = () => eventsOf(folder).slice(known);
  const child = command(folder, runArguments(folder, flags));
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
  const workers = target === "run" || target === "save" ? [] : await childrenOf([child.pid!]);
  const killed = target === "engine" ? await childrenOf(workers) : workers;
  if (await kill(killed)) await until(() => news().some(({ event }) => event === "failed"));
  if (target === "save") {
    child.kill("SIGTERM");
    await Promise.race([setTimeout(milliseconds / 4), end]);
  }
  child.kill("SIGKILL");
  await end;
  return wasRunning;
}

const runArguments = (folder: string, flags: readonly string[]): string[] =>
  existsSync(join(folder, "out", "config.resolved.json"))
    ? ["run", "--resume", "out"]
    : ["run", "-c", "kills.config.ts", "--threads", "1", "--output", "out", ...flags];

async function childrenOf(parents: readonly number[]): Promise<number[]> {
  const { stdout } = await execa("ps", ["-A", "-o", "pid=,ppid="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return parents.includes(ppid!) ? [pid!] : [];
  });
}

function kill(pids: readonly number[]): boolean {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself in the meantime.
    }
  }
  return pids.length > 0;
}

/** Every kind of stage there is, as small as each can be. */
const config = `import { ddim, defineConfig, epg, heun, latent, shapes } from "epg-bench";
const model = { size: "tiny", batchSize: 4, steps: 12, pretraining: { steps: 12 } } as const;
export default defineConfig({
  dataset: shapes({ resolution: 16, train: 16, reference: 8, heldOut: 8 }),
  samples: 8,
  checkpoints: 3,
  milestones: [0.8],
  entries: {
    EPG: epg({ ...model, sampler: heun(2) }),
    "EPG, one step": epg({ ...model, objective: "consistency" }),
    "VAE + DiT": latent({ size: "tiny", sampler: ddim(2), guidance: { scale: 1 }, vae: { steps: 12, batchSize: 2 }, dit: { steps: 12, batchSize: 4 } }),
  },
});
`;

/** Everything that must be the same to the bit. */
function bitsOf(folder: string) {
  const cache = join(folder, ".epg-bench", "cache");
  const digests = ["train", "sample", "reconstruct"].flatMap((kind) =>
    readdirSync(join(cache, kind)).map((key) => {
      const { files } = JSON.parse(readFileSync(join(cache, kind, key, "done.json"), "utf8"));
      return [`${kind}/${key}`, files] as const;
    }),
  );
  const result = readResult(folder);
  const curves = result.run.curves!.map(({ csv }) => readFileSync(join(folder, "out", csv), "utf8"));
  return { digests: Object.fromEntries(digests), curves, ...timeless(result) };
}

async function runToItsEnd(folder: string, flags: readonly string[]): Promise<void> {
  const ran = await command(folder, runArguments(folder, flags));
  expect(ran.stderr).not.toContain("    at ");
  expect(ran.exitCode).toBe(0);
}

async function newRun(): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "kills.config.ts"), config);
  return folder;
}

const SEEDS = (process.env.EPG_BENCH_TEST_SEEDS ?? "0").split(",").map(Number);

/**
 * Declares the test that a run killed `kills` times comes to the bits of one that was left alone.
 * @param flags what the run is started with beside
 */
export function survivesKills(
  kills: number,
  flags: readonly string[] = [],
  targets: readonly Target[] = ["run", "worker", "save"],
): void {
  let alone: string;
  beforeAll(async () => {
    alone = await newRun();
    await runToItsEnd(alone, flags);
  }, 1_200_000);

  it.each(SEEDS)(
    `goes on after ${kills} kills to the same bits as a run that was left alone (seed %i)`,
    async (seed) => {
      const drawn = drawKills(createStream(seed, "kills"), alone, kills, targets);
      const killed = await newRun();
      let hits = 0;
      for (const one of drawn) if (await runAndKill(killed, one, flags)) hits++;
      await runToItsEnd(killed, flags);
      expect(bitsOf(killed), JSON.stringify(drawn)).toEqual(bitsOf(alone));
      // A machine that has grown faster since it was left alone may have ended it before the last kills.
      expect(hits).toBeGreaterThan(kills / 2);
    },
    3_600_000,
  );
}
