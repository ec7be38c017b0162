/** Ledger lines of a sampling that failed: what ran until then is paid for all the same. */
import { brokenSamplingLines } from "../measure/broken-sampling.ts";
import { samplingLines } from "../measure/ledger.ts";
import type { LedgerLine } from "../result.ts";
import { spentInVain } from "./chunks.ts";
import type { SampleJob } from "./jobs.ts";
import type { PlannedEntry } from "./plan.ts";
import { toldCost } from "./sampling-cost.ts";

/** @param row that is billed; none where nothing ran */
export async function brokenLines(
  { folder, samples }: SampleJob,
  { samplingBatch, made }: PlannedEntry,
  row: string,
): Promise<LedgerLine[]> {
  const spent = await spentInVain(folder);
  if (spent === null) return [];
  const { chunks, tallies, wallSeconds, peakMemoryBytes } = spent;
  const batchSize = Math.min(samplingBatch, samples);
  const images = Math.min(chunks * batchSize, samples);
  const common = { batchSize, wallSeconds, peakMemoryBytes };
  if (made.elsewhere === null) return brokenSamplingLines(row, { ...common, images, tallies });
  const told = { ...common, n: images, ...toldCost(made.elsewhere) };
  const peak = made.elsewhere.ownProcess ? null : peakMemoryBytes;
  return samplingLines(row, { ...told, peakMemoryBytes: peak }, false).map((line) => ({
    ...line,
    failed: true,
  }));
}

/** Before the stage of a line. */
export const forTrial = (line: LedgerLine): LedgerLine => ({
  ...line,
  stage: `choosing guidance, a trial: ${line.stage}`,
});
