/** The order of a shard's work: train what is not in the cache yet, then make and look at its own part of every entry's images. */
import { join } from "node:path";
import { failedStage, trainStages } from "./engine.ts";
import { base, type Engine } from "./found.ts";
import { scoringCode } from "./identity.ts";
import type { ExtractJob, ExtractResult, ShareJob, ShareResult } from "./jobs.ts";
import { milestoneSampling } from "./milestones.ts";
import { perform } from "./perform.ts";
import { chooseGuidance, resampling } from "./resample.ts";
import { entrySampling, type PlannedSampling, untrainedSampling } from "./sampling.ts";
import { scoreKey } from "./scoring.ts";
import type { Shard } from "./shard.ts";
import { featuresFolder, identityOf, type Share, samplesFolder, writeRecord } from "./shard-record.ts";

/**
 * Leaves the shard's record in its folder, unless something failed.
 * @returns what failed, a sentence each
 * @throws Stopped
 */
export async function runShard(engine: Engine, shard: Shard): Promise<readonly string[]> {
  const { trained } = await trainStages(engine);
  const failures: string[] = [];
  const samplings: PlannedSampling[] = [];
  const untrained = untrainedSampling(engine);
  if (untrained) samplings.push(untrained);
  for (const entry of engine.plan.entries) {
    // Images that exist already are looked at where the shards are merged.
    if (entry.made.images !== null) continue;
    const failed = failedStage(entry, trained);
    if (failed !== null) {
      failures.push(`${entry.name}: ${failed}`);
      continue;
    }
    samplings.push(entrySampling(engine, entry));
    for (const milestone of entry.milestones) {
      const outcome = trained.get(milestone.key)!;
      if (outcome.state === "failed") failures.push(`${milestone.name}: ${outcome.reason}`);
      else samplings.push(milestoneSampling(engine, entry, milestone));
    }
    for (const planned of entry.resamplings) {
      const tried = await chooseGuidance(engine, entry, planned);
      if ("failure" in tried) failures.push(tried.failure);
      else samplings.push(resampling(engine, entry, planned, tried.chosen));
    }
  }
  const shares: Share[] = [];
  for (const sampling of samplings) {
    const failure = await makeShare(engine, shard, sampling);
    if (failure === null) shares.push(shareOf(engine, sampling));
    else failures.push(failure);
  }
  if (failures.length === 0) {
    const weights: Record<string, string> = {};
    for (const [key, outcome] of trained)
      if (outcome.state === "done") weights[key] = outcome.result.weightsSha256;
    await writeRecord(engine.folder, { shard, of: identityOf(engine), weights, shares });
  }
  return failures;
}

const shareOf = ({ plan }: Engine, { key, job }: PlannedSampling): Share => ({
  title: job.title,
  key,
  scoreKey: scoreKey(plan, key),
});

async function makeShare(
  engine: Engine,
  shard: Shard,
  { key, job }: PlannedSampling,
): Promise<string | null> {
  const samples = join(engine.folder, samplesFolder(key));
  const sharing: ShareJob = { ...job, folder: samples, kind: "share", shard };
  const sampled = await perform<ShareResult>(engine.performer, sharing, { fresh: true });
  if (sampled.state === "failed") return `${job.title}: ${sampled.reason}`;
  const extraction: ExtractJob = {
    ...base(engine, "", "", `${job.title}: features`, await scoringCode(engine.config)),
    folder: join(engine.folder, featuresFolder(key)),
    kind: "extract",
    samples,
  };
  const seen = await perform<ExtractResult>(engine.performer, extraction, { fresh: false });
  return seen.state === "failed" ? `${extraction.title}: ${seen.reason}` : null;
}
