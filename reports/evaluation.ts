/** What one set of images scores against another, on a terminal. */
import Table from "cli-table3";
import { metricLabel, type Result } from "../harness/result.ts";
import { arrow, count, quantity } from "./format.ts";
import { plain } from "./text.ts";

/** A line a metric with its error and n, then how each was computed. */
export function evaluationTable(result: Result): string {
  const { run, results } = result;
  const table = new Table({
    head: ["metric", "value ± error", "n", "beside"],
    colAligns: ["left", "right", "right", "left"],
    style: { head: [], border: [] },
  });
  for (const row of results) {
    const beside = row.beside ? `${row.beside.label}: ${quantity({ value: row.beside.value })}` : "";
    const name = `${metricLabel(row.metric, run.features)}${arrow(row.direction)}`;
    table.push([name, quantity(row), count(row.n), plain(beside)]);
  }
  const names = run.entries.map(({ name }) => plain(name)).join(", ");
  const [extractor, hash] = run.features.split("@") as [string, string];
  return [
    `${names} (${count(run.samples)} images of ${run.resolution === 0 ? "several sizes" : `${run.resolution} px`}) against ${plain(run.dataset.name)} (${count(run.dataset.reference)})`,
    `features: ${plain(extractor)}@${hash.slice(0, 8)}, ${count(run.featureDims)} dimensions`,
    `${table}`,
    ...results.map(({ metric, convention }) => `${metric}: ${plain(convention)}`),
    "",
  ].join("\n");
}
