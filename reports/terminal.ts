/** The end of a run on a terminal: a table no wider than that, one sentence, the verdict. */
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
import { arrow, cost, inOneUnit, NO_VALUE, quantity } from "./format.ts";
import { plain } from "./text.ts";
import { GATE_MARKS, NO_GATES } from "./verdicts.ts";

const GAP = 2;
const LEAST_NAME = 14;
/** Whether to colour is decided by `wantsColor`, not by styleText's look at stdout. */
const ALWAYS = { validateStream: false };

export interface TerminalOptions {
  readonly color: boolean;
  /** Of the terminal, characters. */
  readonly width: number;
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
    scoreTable(result, options.width, bold),
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
  /** What its error is worth to a reader where there is not room for all; 0: it has none. */
  readonly error: 0 | 1 | 2;
}

const KEY_COLUMNS: readonly KeyColumn[] = [
  { label: "FD", families: ["fd"], error: 2 },
  { label: "KID", families: ["kid"], error: 2 },
  { label: "P / R", families: ["precision", "recall"], error: 1 },
  { label: "class acc.", families: ["class-accuracy"], error: 2 },
  { label: "NFE", families: ["nfe"], error: 0 },
  { label: "images/s", families: ["throughput"], error: 1 },
  { label: "training", families: ["total-train-flops"], error: 0 },
];

/** Errors are dropped where the table would not fit otherwise, the least first. */
function scoreTable(result: Result, width: number, bold: (text: string) => string): string {
  const layouts = [1, 2, 3].map((least) => layOut(result, width, least));
  const fitting = layouts.filter(({ fits }) => fits);
  const { head, rows, widths, wholeWords } =
    fitting.find((layout) => layout.wholeWords) ?? fitting[0] ?? layouts.at(-1)!;
  const table = new Table({
    head: head.map(bold),
    colWidths: widths,
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
    wordWrap: true,
    wrapOnWordBoundary: wholeWords,
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

/** @param least of the errors that are shown */
function layOut(result: Result, width: number, least: number) {
  const models = result.run.entries.filter(({ kind }) => kind === "model");
  const columns = KEY_COLUMNS.filter(({ families }) =>
    result.results.some((row) => families.includes(familyOf(result, row))),
  );
  const head = ["", ...columns.map((column) => headText(result, column))];
  const rows = models.map(({ name }) => [
    plain(name),
    ...columns.map((column) => cellText(result, name, column, column.error >= least)),
  ]);
  const natural = columns.map(
    (_, i) => GAP + Math.max(head[i + 1]!.length, ...rows.map((row) => row[i + 1]!.length)),
  );
  const room = width - natural.reduce((sum, one) => sum + one, 0);
  const names = rows.map(([name]) => name!);
  const longest = Math.max(LEAST_NAME, ...names.map((name) => name.length)) + GAP;
  const longestWord =
    Math.max(0, ...names.flatMap((name) => name.split(" ").map((word) => word.length))) + GAP;
  const nameWidth = Math.max(Math.min(room, longest), LEAST_NAME);
  return {
    head,
    rows,
    widths: [nameWidth, ...natural],
    fits: room >= LEAST_NAME,
    // A word that is longer than its line is broken rather than cut off.
    wholeWords: nameWidth >= longestWord,
  };
}

const familyOf = (result: Result, row: ResultRow): string => metricFamily(row.metric, result.run.features);

function headText(result: Result, { label, families }: KeyColumn): string {
  const row = result.results.find((one) => families.includes(familyOf(result, one)));
  const name = row?.metric === "fid" ? "FID" : label;
  return `${name}${row === undefined || metricKind(row.metric) === "count" ? "" : arrow(row.direction)}`;
}

function cellText(result: Result, entry: string, { families }: KeyColumn, withError: boolean): string {
  const cells = families.map((family) => {
    const row = result.results.find((one) => one.entry === entry && familyOf(result, one) === family);
    if (row === undefined) return NO_VALUE;
    const unit = metricKind(row.metric) === "machine" || family === "nfe" ? "" : row.unit;
    if (metricKind(row.metric) === "count") {
      const rows = result.results.filter(({ metric }) => metric === row.metric);
      const { size } = inOneUnit(rows)[0]!;
      return cost({ value: row.value, unit, told: row.told, size });
    }
    return quantity({ value: row.value, unit, standardError: withError ? row.standardError : null }, 1);
  });
  return cells.join(" / ");
}
