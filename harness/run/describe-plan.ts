/** What `--dry-run` prints. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import Table from "cli-table3";
import type { Plan } from "./plan.ts";

const giga = (n: number): string =>
  (n / 1e9).toLocaleString("en", { maximumFractionDigits: n < 1e11 ? 2 : 0 });

/** A table of stages with their FLOPs (2·MACs + element-wise operations), then the total of each entry. */
export function describePlan({ stages, entries }: Plan): string {
  const table = new Table({
    head: [
      "stage",
      "first needed by",
      "steps",
      "batch",
      "GFLOPs a step",
      "GFLOPs in all",
      "parameters",
      "state",
    ],
    style: { head: [], border: [] },
    colAligns: ["left", "left", "right", "right", "right", "right", "right", "left"],
  });
  for (const stage of stages)
    table.push([
      stage.name,
      stage.entry,
      stage.steps,
      stage.batchSize,
      giga(stage.flops),
      giga(stage.steps * stage.flops + stage.preparationFlops),
      stage.parameters.toLocaleString("en"),
      existsSync(join(stage.folder, "done.json")) ? "in the cache" : "to be trained",
    ]);
  const totals = entries.map(
    ({ name, trainFlops }) => `  ${name}: ${giga(trainFlops)} GFLOPs of training in all`,
  );
  return [table.toString(), "Each entry billed in full, as if it ran alone:", ...totals].join("\n");
}
