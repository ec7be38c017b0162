/** What `--dry-run` prints. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import Table from "cli-table3";
import { bytesText } from "../bytes.ts";
import { H200, hoursAt } from "../measure/utilisation.ts";
import type { Plan, PlannedEntry } from "./plan.ts";
import type { PlannedStage } from "./plan-stages.ts";
import { describePretrained } from "./pretrained.ts";
import { stageFlops } from "./stage-work.ts";

const giga = (n: number): string =>
  (n / 1e9).toLocaleString("en", { maximumFractionDigits: n < 1e11 ? 2 : 0 });

/** What the published 57 h and 139 h of EPG on eight H200 imply (`epg-bench cost`). */
const UTILISATION = 0.2;

const gpuHours = (flops: number): string =>
  hoursAt(flops, H200, UTILISATION).toLocaleString("en", { maximumSignificantDigits: 3 });

/**
 * A table of stages with their FLOPs (2·MACs + element-wise operations), their memory, then the total of each entry.
 * @param more lines of what is sampled again and on the way
 */
export function describePlan({ stages, entries }: Plan, more: readonly string[]): string {
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
      giga(stageFlops(stage)),
      stage.parameters.toLocaleString("en"),
      existsSync(join(stage.folder, "done.json")) ? "in the cache" : "to be trained",
    ]);
  return [
    ...(stages.length === 0 ? [] : [table.toString(), "Memory in float32, nothing of it taken yet:"]),
    ...stages.map(memory),
    "Each entry billed in full, as if it ran alone:",
    ...entries.map(total),
    `GPU-hours: of an H200 at ${100 * UTILISATION} % of its ${H200.peakFlops / 1e12} TFLOP/s.`,
    ...more,
  ].join("\n");
}

function memory(stage: PlannedStage): string {
  const { name, entry, batchSize, stateBytes, activationBytes, peakBytes } = stage;
  const each = bytesText(activationBytes / batchSize);
  return `  ${entry}: ${name}: ${bytesText(stateBytes)} of weights, moments and averages; activations of ${each} an image, were nothing freed; of a batch ${bytesText(peakBytes)} at once, each freed after its last use${recomputation(stage)}`;
}

function recomputation({ recomputed, recomputingPeakBytes }: PlannedStage): string {
  if (recomputed.flops > 0) return `; for that ${giga(recomputed.flops)} GFLOPs more a step, in no budget`;
  return recomputingPeakBytes ? `; ${bytesText(recomputingPeakBytes())} with recompute: true` : "";
}

function total({ name, trainFlops, stages, pretrained, made }: PlannedEntry): string {
  const elsewhere = pretrained.length > 0 ? [describePretrained(pretrained)] : [];
  const here =
    stages.length > 0
      ? [`${giga(trainFlops)} GFLOPs of training in all, ${gpuHours(trainFlops)} GPU-hours`]
      : [];
  const outside = made.elsewhere ? ["not trained here"] : [];
  return `  ${name}: ${[...here, ...elsewhere, ...outside].join("; ")}`;
}
