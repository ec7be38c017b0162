/** A run: from a resolved config to `result.json`, its pictures and reports. */
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { environment } from "../measure/environment.ts";
import type { Backend, Dataset } from "../plugin.ts";
import { assembleResult, withGate } from "./assemble.ts";
import { describeMilestones } from "./describe-milestones.ts";
import { describePlan } from "./describe-plan.ts";
import { describeResamplings } from "./describe-resamplings.ts";
import { runJobs } from "./engine.ts";
import { cacheFolder, claimFolder, writeJson } from "./folder.ts";
import type { Found } from "./found.ts";
import { Stopped } from "./jobs.ts";
import {
  type Beginning,
  beginningEvent,
  type Clock,
  openJournal,
  readBeginning,
  systemClock,
} from "./journal.ts";
import { joinShards } from "./merge.ts";
import { gatherMachines, openBackend, openDataset, taskOf } from "./open.ts";
import { makePlan, type Plan } from "./plan.ts";
import { quickened } from "./quick.ts";
import type { RunOutcome, RunRequest } from "./request.ts";
import { runShard } from "./run-shard.ts";
import { type SettledConfig, settled } from "./settle.ts";
import { requireBatches } from "./shard.ts";
import { WorkerPool } from "./workers.ts";

export type { RunOutcome, RunRequest } from "./request.ts";

/** On several machines, the one that leads runs; the others compute with it. */
export async function run(request: RunRequest): Promise<RunOutcome> {
  const { config, dryRun, progress, signal } = request;
  const gathered =
    dryRun || request.merged ? null : await gatherMachines(config, { note: progress.note, signal });
  if (gathered?.leads === false) await gathered.serve();
  try {
    if (gathered?.leads === false || (gathered && signal.aborted)) return { kind: "served" };
    return await runHere(request);
  } finally {
    if (gathered?.leads) await gathered.leave();
  }
}

async function runHere(request: RunRequest): Promise<RunOutcome> {
  const { folder, clock = systemClock } = request;
  const beginning = request.resume ? await readBeginning(folder) : await begin(request, clock);
  const dataset = await openDataset(request.config, beginning.cache);
  const chosen = await quickened(request.config, taskOf(request.config, dataset));
  const { config, warnings } = settled(chosen, dataset);
  const backend = await openBackend(config);
  const plan = await makePlan(config, dataset, backend, beginning.cache);
  // Whatever is computed from here on, job processes compute, on backends of their own.
  await backend.close?.();
  const { absent } = dataset;
  const lack = tooFew(dataset, config, plan);
  if (beginning.shard) requireBatches(beginning.shard, plan, config.samples);
  if (request.dryRun) {
    const more = [...(await describeResamplings(config, plan)), ...(await describeMilestones(config, plan))];
    if (absent) more.push(`It cannot run yet: ${absent.message}; ${absent.fix}.`);
    return { kind: "planned", plan: describePlan(plan, more), lack: absent ? null : lack };
  }
  if (absent) throw new UserError(absent.message, absent.fix);
  if (lack) throw lack;

  const claimed = await claimFolder(folder);
  try {
    if (request.merged) await joinShards({ config, dataset, plan, cache: beginning.cache }, request.merged);
    return await runPlan({ request, beginning, config, warnings, dataset, backend, plan, clock });
  } finally {
    await claimed.release();
  }
}

/** A merged run goes on with the cache that its first shard trained in. */
async function begin({ command, shard, merged = [] }: RunRequest, clock: Clock): Promise<Beginning> {
  const shards: Beginning[] = [];
  for (const { folder } of merged) shards.push(await readBeginning(folder));
  return {
    command,
    cache: shards[0]?.cache ?? cacheFolder(),
    startedAt: clock.date(),
    earlierSeconds: shards.reduce((sum, { earlierSeconds }) => sum + earlierSeconds, 0),
    shard: shard ?? null,
  };
}

interface Opened {
  readonly request: RunRequest;
  readonly beginning: Beginning;
  readonly config: SettledConfig;
  readonly warnings: readonly string[];
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly plan: Plan;
  readonly clock: Clock;
}

async function runPlan(opened: Opened): Promise<RunOutcome> {
  const { request, beginning, config, dataset, backend, plan, clock } = opened;
  const { folder, progress, signal } = request;
  const { cache } = beginning;
  const journal = openJournal(folder, clock);
  const env = await environment(backend, process.cwd());
  // Before the config, which is what makes the folder a run that can be resumed.
  if (request.resume) await journal.write("resumed", { command: request.command, cache });
  else await journal.write("began", beginningEvent(beginning));
  // As it was before it met the data: a resumed run settles it, and warns, as this one does.
  await writeJson(join(folder, "config.resolved.json"), request.config);
  await writeJson(join(folder, "env.json"), env);
  const pool = new WorkerPool(signal);
  const began = clock.now();
  let found: Found;
  try {
    const performer = { progress, journal, pool, clock };
    const engine = { config, cache, folder, dataset, plan, performer, fingerprint: env.fingerprint };
    if (beginning.shard) {
      const failures = await runShard(engine, beginning.shard);
      await journal.write("ended", { failures });
      return { kind: "shared", folder, shard: beginning.shard, failures };
    }
    found = await runJobs(engine);
  } catch (error) {
    if (error instanceof Stopped) return { kind: "stopped", folder, reason: error.message };
    throw error;
  } finally {
    await pool.close();
  }
  const ungated = assembleResult({
    ...opened,
    env,
    found,
    finishedAt: clock.date(),
    wallSeconds: beginning.earlierSeconds + (clock.now() - began) / 1000,
  });
  // Kept before it is judged: a gate that cannot be applied loses nothing.
  await writeJson(join(folder, "result.json"), ungated);
  const { result, exitCode } = await withGate(ungated, config);
  await writeJson(join(folder, "result.json"), result);
  await journal.write("ended", { status: result.run.status, gate: result.gate.status });
  return { kind: "finished", result, folder, exitCode };
}

/** Precision and recall look at the third nearest neighbour of every reference image. */
const LEAST_SCORED = 4;

/** Why a run could not end; null where there are images enough. */
function tooFew({ train, reference, heldOut }: Dataset, config: SettledConfig, plan: Plan): UserError | null {
  const where = `dataset: ${config.dataset.plugin}`;
  for (const [part, { length }] of Object.entries({ reference, "held-out": heldOut }))
    if (length < LEAST_SCORED)
      return new UserError(
        `${where} has ${length} ${part} images, and scores need at least ${LEAST_SCORED}`,
        "give more images (--data), or a larger part of them (split)",
      );
  for (const { batchSize, name, entry } of plan.stages)
    if (train.length < batchSize)
      return new UserError(
        `${where} has ${train.length} training images, fewer than one batch of ${batchSize} of stage "${name}" (entry "${entry}")`,
        "give more images, or set a smaller batchSize in the entry's options",
      );
  return null;
}
