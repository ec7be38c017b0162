/** What one set of images scores against another, on a terminal. */
import Table from "cli-table3";
import { metricLabel, type Result } from "../harness/result.ts";
import { arrow, count, quantity } from "./format.ts";
import { plain } from "./text.ts";

/** What was compared; a line a metric with its error, n and how it was computed; how errors were found. */
export function evaluationTable(result: Result): string {
  const { run, results } = result;
  const table = new Table({
    head: ["metric", "value ± error", "n", "how"],
    colAligns: ["left", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  const errors = new Set<string>();
  for (const row of results) {
    const [how, error] = row.convention.split("; error: ") as [string, string | undefined];
    if (error !== undefined) errors.add(error);
    const beside = row.beside ? `${row.beside.label}: ${quantity({ value: row.beside.value })}; ` : "";
    const name = `${metricLabel(row.metric, run.features)}${arrow(row.direction)}`;
    table.push([name, quantity(row), count(row.n), plain(`${beside}${how}`)]);
  }
  const [extractor, hash] = run.features.split("@") as [string, string | undefined];
  const features = `${extractor}${hash === undefined ? "" : `@${hash.slice(0, 8)}`}`;
  const images = run.dataset.reference > 0 ? ` (${count(run.dataset.reference)} images)` : "";
  return [
    ...run.entries.map(({ description, n }) => `${plain(description)} (${count(n)} images)`),
    `against ${plain(run.dataset.name)}${images}`,
    `features: ${plain(features)}, ${count(run.featureDims)} dimensions; labels: ${run.labels}`,
    plain(run.match),
    `${table}`,
    ...[...errors].map((error) => `±: ${plain(error)}`),
    "",
  ].join("\n");
}
