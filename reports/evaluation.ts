/** What one set of images scores against another, on a terminal. */
import Table from "cli-table3";
import { metricLabel, type Result, type ResultRow } from "../harness/result.ts";
import { arrow, count, quantity } from "./format.ts";
import { plain } from "./text.ts";

/** What was compared; a line a metric with its error and n; how each was computed, and how errors were found. */
export function evaluationTable(result: Result): string {
  const { run, results } = result;
  // Beside a tool's own print, its digits are wanted whatever the error.
  const digits = run.config.includes(" --as ") ? (row: ResultRow) => row.value?.toPrecision(8) ?? "" : null;
  const table = new Table({
    head: ["metric", "value ± error", ...(digits ? ["value"] : []), "n", "beside"],
    colAligns: ["left", "right", ...(digits ? (["right"] as const) : []), "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  const errors = new Set<string>();
  const conventions = new Map<string, string[]>();
  for (const row of results) {
    const [how, error] = row.convention.split("; error: ") as [string, string | undefined];
    if (error !== undefined) errors.add(error);
    const label = metricLabel(row.metric, run.features);
    conventions.set(how, [...(conventions.get(how) ?? []), label]);
    const beside = row.beside ? plain(`${row.beside.label}: ${quantity({ value: row.beside.value })}`) : "";
    const more = digits ? [digits(row)] : [];
    table.push([`${label}${arrow(row.direction)}`, quantity(row), ...more, count(row.n), beside]);
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
    ...[...conventions].map(([how, labels]) => `${labels.join(", ")}: ${plain(how)}`),
    ...[...errors].map((error) => `±: ${plain(error)}`),
    "",
  ].join("\n");
}
