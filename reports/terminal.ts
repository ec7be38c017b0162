/** The end of a run on a terminal: a table of 100 columns, one sentence, the verdict. */
import { styleText } from "node:util";
import Table from "cli-table3";
import {
  isOfEncoder,
  metricFamily,
  metricKind,
  metricLabel,
  type Result,
  type ResultRow,
} from "../harness/result.ts";
import { arrow, cost, NO_VALUE, quantity } from "./format.ts";
import { plain } from "./text.ts";
import { GATE_MARKS, NO_GATES } from "./verdicts.ts";

const WIDTH = 100;
const GAP = 2;
const LEAST_NAME = 14;
/** Whether to colour is decided by `wantsColor`, not by styleText's look at stdout. */
const ALWAYS = { validateStream: false };

export interface TerminalOptions {
  readonly color: boolean;
  /** Where the full report lies; null where none was written. */
  readonly reportPath: string | null;
}

/** Colour only on a terminal, and never with NO_COLOR (no-color.org). */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  return isTerminal && (env.NO_COLOR ?? "") === "";
}

export function terminal(result: Result, options: TerminalOptions): string {
  const bold = (text: string): string => (options.color ? styleText("bold", text, ALWAYS) : text);
  const failed = result.run.entries.filter(({ status }) => status === "failed");
  const lines = [
    plain(result.run.match),
    ...(result.run.banner === null ? [] : [plain(result.run.banner)]),
    "",
    scoreTable(result, bold),
    "",
    ...encoderLines(result),
    ...failed.map(({ name, failure }) => `"${plain(name)}" failed: ${plain(failure ?? "no reason given")}`),
    plain(result.run.summary),
    ...(result.gate.reason === NO_GATES ? [] : [verdictLine(result, options.color)]),
    ...(options.reportPath === null ? [] : [`Report: ${plain(options.reportPath)}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** One an entry whose encoder was probed, with the yardstick beside. */
const encoderLines = ({ results, run }: Result): string[] =>
  results
    .filter(({ metric }) => isOfEncoder(metric))
    .map((row) => {
      const beside = row.beside
        ? ` (${row.beside.label}: ${quantity({ ...row.beside, unit: row.unit })})`
        : "";
      return plain(
        `"${row.entry}", encoder: ${metricLabel(row.metric, run.features)} ${quantity(row)}${beside}`,
      );
    });

function verdictLine({ gate }: Result, color: boolean): string {
  const mark = GATE_MARKS[gate.status];
  const tone = { passed: "green", failed: "red", unclear: "yellow", none: "gray" } as const;
  return `${color ? styleText(tone[gate.status], mark, ALWAYS) : mark}: ${plain(gate.reason)}`;
}

interface KeyColumn {
  readonly label: string;
  /** One family, or two to be set as "a / b". */
  readonly families: readonly string[];
  readonly withError: boolean;
}

const KEY_COLUMNS: readonly KeyColumn[] = [
  { label: "FD", families: ["fd"], withError: true },
  { label: "KID", families: ["kid"], withError: true },
  { label: "P / R", families: ["precision", "recall"], withError: false },
  { label: "class acc.", families: ["class-accuracy"], withError: true },
  { label: "NFE", families: ["nfe"], withError: false },
  { label: "images/s", families: ["throughput"], withError: false },
  { label: "training", families: ["total-train-flops"], withError: false },
];

/** Errors are dropped where the table would not fit otherwise. */
function scoreTable(result: Result, bold: (text: string) => string): string {
  const withErrors = layOut(result, true);
  const { head, rows, widths } = withErrors.nameWidth >= LEAST_NAME ? withErrors : layOut(result, false);
  const table = new Table({
    head: head.map(bold),
    colWidths: widths,
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP, compact: true },
    chars: NO_LINES,
  });
  table.push(...rows);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const NO_LINES = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
    "middle",
  ].map((name) => [name, ""]),
);

function layOut(result: Result, withErrors: boolean) {
  const models = result.run.entries.filter(({ kind }) => kind === "model");
  const columns = KEY_COLUMNS.filter(({ families }) =>
    result.results.some((row) => families.includes(familyOf(result, row))),
  );
  const head = ["", ...columns.map((column) => headText(result, column))];
  const rows = models.map(({ name }) => [
    plain(name),
    ...columns.map((column) => cellText(result, name, column, withErrors)),
  ]);
  const natural = columns.map(
    (_, i) => GAP + Math.max(head[i + 1]!.length, ...rows.map((row) => row[i + 1]!.length)),
  );
  const nameWidth = WIDTH - natural.reduce((sum, width) => sum + width, 0);
  const longest = Math.max(LEAST_NAME, ...rows.map((row) => row[0]!.length)) + GAP;
  return { head, rows, nameWidth, widths: [Math.max(Math.min(nameWidth, longest), LEAST_NAME), ...natural] };
}

const familyOf = (result: Result, row: ResultRow): string => metricFamily(row.metric, result.run.features);

function headText(result: Result, { label, families }: KeyColumn): string {
  const row = result.results.find((one) => families.includes(familyOf(result, one)));
  const name = row?.metric === "fid" ? "FID" : label;
  return `${name}${row === undefined || metricKind(row.metric) === "count" ? "" : arrow(row.direction)}`;
}

function cellText(
  result: Result,
  entry: string,
  { families, withError }: KeyColumn,
  withErrors: boolean,
): string {
  const cells = families.map((family) => {
    const row = result.results.find((one) => one.entry === entry && familyOf(result, one) === family);
    if (row === undefined) return NO_VALUE;
    const unit = metricKind(row.metric) === "machine" || family === "nfe" ? "" : row.unit;
    if (metricKind(row.metric) === "count") return cost({ value: row.value, unit, told: row.told });
    return quantity(
      { value: row.value, unit, standardError: withError && withErrors ? row.standardError : null },
      1,
    );
  });
  return cells.join(" / ");
}
