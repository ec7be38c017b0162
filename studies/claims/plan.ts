/** What a study will train, as the harness plans it. */
import Table from "cli-table3";
import type { Config } from "../../harness/index.ts";
import { ARMS, byArm, DIVISORS, type Steps } from "./arms.ts";
import { probe, type StepsByBudget, seedConfig, tuningConfig } from "./configs.ts";
import type { Harness } from "./harness.ts";
import { resolve } from "./runs.ts";
import type { Settings } from "./settings.ts";

/** The steps of every arm for every part of the budget: what the harness derives from it, or another arm's. */
export async function planSteps(harness: Harness, settings: Settings): Promise<StepsByBudget> {
  const byBudget = [];
  for (const divisor of DIVISORS) {
    const { entries } = await planned(harness, probe(settings, divisor));
    const derived = new Map(
      entries.map(({ name, stages }): [string, Steps] => [
        name,
        Object.fromEntries(stages.map((stage) => [stage.name, stage.steps])),
      ]),
    );
    byBudget.push([divisor, byArm((arm) => derived.get(ARMS[arm].stepsOf ?? arm)!)]);
  }
  return Object.fromEntries(byBudget) as StepsByBudget;
}

/** A table of the runs with their trainings and FLOPs; learning rates do not change them. */
export async function describeStudy(
  harness: Harness,
  settings: Settings,
  steps: StepsByBudget,
): Promise<string> {
  const rates = byArm((arm) => ARMS[arm].learningRate);
  const runs: [string, Config][] = [["tuning", tuningConfig(settings, steps)]];
  for (let seed = 1; seed <= settings.seeds; seed++)
    runs.push([`seed ${seed}`, seedConfig(settings, seed, steps, rates)]);
  const table = new Table({
    head: ["run", "entries", "stages trained", "TFLOPs of training"],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "right", "right"],
  });
  const totals = { entries: 0, stages: 0, flops: 0 };
  const row = (name: string, { entries, stages, flops }: typeof totals) =>
    table.push([name, entries, stages, (flops / 1e12).toFixed(2)]);
  for (const [name, config] of runs) {
    const { entries, stages } = await planned(harness, config);
    const flops = stages.reduce((sum, stage) => sum + stage.steps * stage.flops + stage.preparation.flops, 0);
    const found = { entries: entries.length, stages: stages.length, flops };
    row(name, found);
    for (const key of ["entries", "stages", "flops"] as const) totals[key] += found[key];
  }
  row("in all", totals);
  return `${table.toString()}\nStages that entries share are counted once. ${settings.samples} samples an entry.`;
}

async function planned(harness: Harness, config: Config) {
  const cache = harness.cacheFolder();
  const resolved = resolve("claims", config);
  const dataset = await harness.openDataset(resolved, cache);
  const { config: settled } = harness.settled(resolved, dataset);
  return harness.planEntries(settled, dataset, await harness.openBackend(settled), cache);
}
