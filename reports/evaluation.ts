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
  const [extractor, hash] = run.features.split("@") as [string, string | undefined];
  return [
    `${run.entries.map(({ description }) => plain(description)).join("; ")}`,
    `against ${plain(run.dataset.name)}${run.dataset.reference > 0 ? ` (${count(run.dataset.reference)} images)` : ""}`,
    run.match,
    `features: ${plain(extractor)}${hash === undefined ? "" : `@${hash.slice(0, 8)}`}, ${count(run.featureDims)} dimensions; labels: ${run.labels}`,
    `${table}`,
    ...results.map(({ metric, convention }) => `${metric}: ${plain(convention)}`),
    "",
  ].join("\n");
}
