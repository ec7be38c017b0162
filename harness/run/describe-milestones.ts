/** What `--dry-run` prints of the milestones: nothing of them has run. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import Table from "cli-table3";
import { giga } from "./describe-resamplings.ts";
import type { Plan, PlannedEntry } from "./plan.ts";
import type { PlannedMilestone } from "./plan-milestones.ts";
import { resamplingCost } from "./resampling-cost.ts";
import type { SettledConfig } from "./settle.ts";

const HEAD = ["row", "step", "of", "GFLOPs of training", "GFLOPs of samples", "weights"];

/** A table of them, and which parts are none; no line where the config names none. */
export async function describeMilestones(config: SettledConfig, { entries, task }: Plan): Promise<string[]> {
  const rows: string[][] = [];
  for (const entry of entries) {
    const [first] = entry.milestones;
    if (!first) continue;
    const candidates = [{ model: entry.model }];
    const { sampleFlops } = await resamplingCost(config, task, entry.name, { name: first.name, candidates });
    for (const milestone of entry.milestones) rows.push(cells(entry, milestone, sampleFlops));
  }
  const unreached = entries.flatMap(({ name, unreached: why }) => (why === null ? [] : [`${name}: ${why}`]));
  if (rows.length === 0) return unreached;
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [], compact: true },
    colAligns: ["left", "right", "left", "right", "right", "left"],
  });
  table.push(...rows);
  return ["Sampled and scored on the way:", table.toString(), ...unreached];
}

function cells(
  { trainFlops }: PlannedEntry,
  { name, step, stage, folder }: PlannedMilestone,
  sampleFlops: number | null,
): string[] {
  const trained = (kept: string): boolean => existsSync(join(kept, "done.json"));
  const weights = trained(folder)
    ? "in the cache"
    : trained(stage.folder)
      ? "to be trained again up to there"
      : "left by the training";
  const flops = trainFlops - (stage.steps - step) * stage.flops;
  return [name, `${step}`, `${stage.steps} of ${stage.name}`, giga(flops), giga(sampleFlops), weights];
}
