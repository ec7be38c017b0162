/** A run: from a resolved config to `result.json`, its pictures and reports. */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { UserError } from "../errors.ts";
import { environment } from "../measure/environment.ts";
import type { Dataset } from "../plugin.ts";
import { assembleResult, withGate } from "./assemble.ts";
import { describePlan } from "./describe-plan.ts";
import { runJobs } from "./engine.ts";
import type { Found } from "./found.ts";
import { Stopped } from "./jobs.ts";
import { openJournal, readBeginning, systemClock } from "./journal.ts";
import { openBackend, openDataset } from "./open.ts";
import { makePlan, type Plan } from "./plan.ts";
import type { RunOutcome, RunRequest } from "./request.ts";
import { WorkerPool } from "./workers.ts";

export type { RunOutcome, RunRequest } from "./request.ts";

/** Root of the cache, beside the project that is benchmarked; a resumed run keeps the one it began with. */
const cacheFolder = (): string => resolve(".epg-bench", "cache");

export async function run(request: RunRequest): Promise<RunOutcome> {
  const { config, folder, progress, signal, clock = systemClock } = request;
  const beginning = request.resume
    ? await readBeginning(folder)
    : { command: request.command, cache: cacheFolder() };
  const { cache } = beginning;
  const dataset = await openDataset(config, cache);
  const backend = await openBackend(config);
  const plan = await makePlan(config, dataset, backend, cache);
  requireEnough(dataset, request, plan);
  if (request.dryRun) return { kind: "planned", plan: describePlan(plan) };

  await makeFolder(folder);
  const journal = openJournal(folder, clock);
  const env = await environment(backend, process.cwd());
  // Before the config, which is what makes the folder a run that can be resumed.
  await journal.write(request.resume ? "resumed" : "began", { command: request.command, cache });
  await writeJson(join(folder, "config.resolved.json"), config);
  await writeJson(join(folder, "env.json"), env);
  const pool = new WorkerPool(signal);
  const startedAt = clock.date();
  const began = clock.now();
  let found: Found;
  try {
    found = await runJobs({
      config,
      cache,
      folder,
      dataset,
      plan,
      performer: { progress, journal, pool, clock },
      fingerprint: env.fingerprint,
    });
  } catch (error) {
    if (error instanceof Stopped) return { kind: "stopped", folder, reason: error.message };
    throw error;
  } finally {
    await pool.close();
  }
  const ungated = assembleResult({
    command: beginning.command,
    request,
    dataset,
    plan,
    env,
    found,
    startedAt,
    finishedAt: clock.date(),
    wallSeconds: (clock.now() - began) / 1000,
  });
  // Kept before it is judged: a gate that cannot be applied loses nothing.
  await writeJson(join(folder, "result.json"), ungated);
  const { result, exitCode } = await withGate(ungated, request);
  await writeJson(join(folder, "result.json"), result);
  await journal.write("ended", { status: result.run.status, gate: result.gate.status });
  return { kind: "finished", result, folder, exitCode };
}

const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new UserError(
      `--output: cannot write ${folder}: ${(cause as Error).message}`,
      "choose a folder that can be written",
    );
  }
}

/** Precision and recall look at the third nearest neighbour of every reference image. */
const LEAST_SCORED = 4;

function requireEnough({ train, reference, heldOut }: Dataset, { config }: RunRequest, plan: Plan): void {
  const where = `dataset: ${config.dataset.plugin}`;
  for (const [part, { length }] of Object.entries({ reference, "held-out": heldOut }))
    if (length < LEAST_SCORED)
      throw new UserError(
        `${where} has ${length} ${part} images, and scores need at least ${LEAST_SCORED}`,
        "give more images, or a larger part of them (split)",
      );
  for (const { batchSize, name, entry } of plan.stages)
    if (train.length < batchSize)
      throw new UserError(
        `${where} has ${train.length} training images, fewer than one batch of ${batchSize} of stage "${name}" (entry "${entry}")`,
        "give more images, or set a smaller batchSize in the entry's options",
      );
}
