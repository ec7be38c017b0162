/** Sampling alone: entries with weights made elsewhere, nothing trained, timed or scored. */
import { join } from "node:path";
import { EXIT, UserError } from "../errors.ts";
import { environment } from "../measure/environment.ts";
import { cacheFolder, claimFolder, writeJson } from "./folder.ts";
import { weightsOf } from "./found.ts";
import type { SampleJob, SampleResult } from "./jobs.ts";
import { openJournal, systemClock } from "./journal.ts";
import { openBackend, openDataset } from "./open.ts";
import { datasetOrigin } from "./origin.ts";
import { perform } from "./perform.ts";
import { slug, writeStoredGrid } from "./pictures.ts";
import { planEntries } from "./plan.ts";
import type { PretrainedFile } from "./pretrained.ts";
import type { RunRequest } from "./request.ts";
import { SAMPLES } from "./sample.ts";
import { settled } from "./settle.ts";
import { WorkerPool } from "./workers.ts";

export interface SampledEntry {
  readonly name: string;
  readonly weights: PretrainedFile;
  /** The file of its samples. */
  readonly samples: string;
  /** A PNG of the first, relative to the folder. */
  readonly grid: string;
  readonly result: SampleResult;
}

/**
 * Samples every entry of a config as `run` does: the same images from the same cache, and on from where an earlier
 * call was stopped. The config and its environment are written to the folder.
 * @throws UserError for an entry without weights
 * @throws Stopped
 */
export async function sampleEntries(
  request: Omit<RunRequest, "resume" | "dryRun">,
): Promise<readonly SampledEntry[]> {
  const { folder, progress, signal, clock = systemClock } = request;
  const cache = cacheFolder();
  const dataset = await openDataset(request.config, cache);
  const { config } = settled(request.config, dataset);
  const backend = await openBackend(config);
  const { entries } = await planEntries(config, dataset, backend, cache);
  await backend.close?.();
  const untrained = entries.find(({ stages }) => stages.length > 0);
  if (untrained)
    throw new UserError(`entry "${untrained.name}" names no weights`, "set its option `weights`");
  const claimed = await claimFolder(folder);
  const pool = new WorkerPool(signal);
  try {
    const journal = openJournal(folder, clock);
    await journal.write("began", { command: request.command, cache });
    await writeJson(join(folder, "config.resolved.json"), request.config);
    await writeJson(join(folder, "env.json"), await environment(backend, process.cwd()));
    const sampled: SampledEntry[] = [];
    for (const planned of entries) {
      const job: SampleJob = {
        config,
        cache,
        folder: join(cache, "sample", planned.samplesKey),
        title: `${planned.name}: sampling`,
        origin: { dataset: datasetOrigin(dataset), code: planned.code },
        kind: "sample",
        model: planned.model,
        ...weightsOf(planned),
        untrained: false,
        samples: config.samples,
        identity: planned.made.identity,
        purpose: "sample",
      };
      const outcome = await perform<SampleResult>({ progress, journal, pool, clock }, job, { fresh: true });
      if (outcome.state === "failed")
        throw new UserError(
          `${job.title} failed: ${outcome.reason}`,
          "go on with the same command",
          EXIT.incomplete,
        );
      sampled.push({
        name: planned.name,
        weights: planned.pretrained[0]!,
        samples: join(job.folder, SAMPLES),
        grid: await writeStoredGrid(folder, slug(planned.name), job.folder, dataset.resolution),
        result: outcome.result,
      });
    }
    return sampled;
  } finally {
    await pool.close();
    await claimed.release();
  }
}
