/** Entries × metrics, the form of most tables of a report. */
import {
  type Comparison,
  METRIC_FAMILIES,
  metricFamily,
  metricKind,
  metricLabel,
  type Result,
  type ResultEntry,
  type ResultRow,
} from "../harness/result.ts";
import { arrow, cost, inOneUnit, NO_VALUE, quantity } from "./format.ts";
import { type Column, escaped, table } from "./text.ts";

/** The metrics of a choice of rows, each once, in reading order. */
export function metricsOf(result: Result, wanted: (row: ResultRow) => boolean): string[] {
  const metrics = [...new Set(result.results.filter(wanted).map(({ metric }) => metric))];
  const rank = (metric: string): number => {
    const position = METRIC_FAMILIES.indexOf(metricFamily(metric, result.run.features));
    return position < 0 ? METRIC_FAMILIES.length : position;
  };
  return metrics.sort((a, b) => rank(a) - rank(b));
}

export const rowOf = (result: Result, entry: string, metric: string): ResultRow | undefined =>
  result.results.find((row) => row.entry === entry && row.metric === metric);

export interface ExtraColumn extends Column {
  readonly cell: (entry: ResultEntry) => string;
}

/** One line an entry: its name, the extra columns, its value of each metric. */
export function metricTable(
  result: Result,
  entries: readonly ResultEntry[],
  metrics: readonly string[],
  extra: readonly ExtraColumn[] = [],
): string {
  const columns: Column[] = [
    { head: "" },
    ...extra,
    ...metrics.map((metric): Column => ({ head: head(result, metric), align: "right" })),
  ];
  const cells = metrics.map((metric) => metricColumn(result, entries, metric));
  const lines = entries.map((entry, i) => [
    entry.status === "failed" ? `${escaped(entry.name)} (failed)` : escaped(entry.name),
    ...extra.map(({ cell }) => cell(entry)),
    ...cells.map((column) => column[i]!),
  ]);
  return table(columns, lines);
}

function head(result: Result, metric: string): string {
  const row = result.results.find((one) => one.metric === metric);
  const beside = row !== undefined && isBesideShared(result, metric) ? besideText(row) : "";
  return `${escaped(metricLabel(metric, result.run.features))}${arrow(row?.direction ?? "none")}${beside}`;
}

/** Whether the real images' value is the same for every row, so that the column's head can say it once. */
function isBesideShared(result: Result, metric: string): boolean {
  const besides = result.results
    .filter((row) => row.metric === metric)
    .map(({ beside }) => JSON.stringify(beside));
  return new Set(besides).size === 1;
}

function besideText({ beside, unit }: ResultRow): string {
  return beside === undefined ? "" : `<br>(${escaped(`${beside.label}: ${quantity({ ...beside, unit })}`)})`;
}

/** A cell an entry, all in one unit. */
function metricColumn(result: Result, entries: readonly ResultEntry[], metric: string): string[] {
  const rows = entries.map(({ name }) => rowOf(result, name, metric));
  const { size } = inOneUnit(rows.flatMap((row) => row ?? []))[0] ?? { size: 0 };
  return rows.map((row) => (row === undefined ? NO_VALUE : valueCell(result, { ...row, size })));
}

function valueCell(result: Result, row: ResultRow & { readonly size: number }): string {
  const text = escaped(metricKind(row.metric) === "count" ? cost(row) : quantity(row));
  const beside = isBesideShared(result, row.metric) ? "" : besideText(row);
  return `${isBest(result, row) ? `**${text}**` : text}${beside}`;
}

/** Ahead of every other model by more than the error: only then is a value set in bold. */
function isBest(result: Result, row: ResultRow): boolean {
  const rivals = result.run.entries.filter(({ name, kind }) => {
    const other = name === row.entry ? undefined : rowOf(result, name, row.metric);
    return kind === "model" && other !== undefined && other.value !== null;
  });
  return (
    rivals.length > 0 && rivals.every(({ name }) => result.comparisons.some((one) => isAhead(one, row, name)))
  );
}

/** Whether this comparison puts the row's entry ahead of the rival, beyond the error. */
function isAhead(one: Comparison, row: ResultRow, rival: string): boolean {
  if (one.metric !== row.metric || !one.significant || one.difference === null) return false;
  const better = row.direction === "higher" ? one.difference > 0 : one.difference < 0;
  if (one.entry === row.entry && one.base === rival) return better;
  return one.base === row.entry && one.entry === rival && !better;
}
