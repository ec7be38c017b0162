/** Published results as a table of text. */
import type { PublishedConflict, PublishedResult } from "../references/published.ts";
import { columns } from "./columns.ts";

/** A row with what is told of it beside its own fields. */
export type PublishedRow = PublishedResult & {
  readonly level: string;
  /** Of an image, decoding included. */
  readonly samplingMacs: number | null;
  readonly conflicts: readonly PublishedConflict[];
  /** The tool of its FID, where it is known to be another than ADM's evaluator. */
  readonly evaluator: string | null;
};

const UNKNOWN = "–";
const shown = (value: number | null): string => value?.toLocaleString("en") ?? UNKNOWN;

const significant = (value: number): string =>
  value.toLocaleString("en", { maximumSignificantDigits: 3, minimumSignificantDigits: 3 });

/** Gives each text that it is asked for a short name, in order, and lists them. */
function footnotes(name: (index: number) => string) {
  const texts: string[] = [];
  return {
    mark(text: string): string {
      if (!texts.includes(text)) texts.push(text);
      return name(texts.indexOf(text));
    },
    lines: (): string[] => texts.map((text, index) => `${name(index)}: ${text}`),
  };
}

const HEADS = [
  ["model", "px", "setting", "FID", "sFID", "IS", "P", "R", "NFE", "M params"],
  ["GMAC a call", "TMAC", "epochs", "level", "sources"],
].flat();

/** Columns of a terminal. */
const WIDTH = 100;
/** What fits there; the setting takes what the others leave. */
const NEEDED = ["model", "px", "setting", "FID", "IS", "NFE", "M params", "TMAC", "sources"];
const LEAST_SETTING = 12;
const MOST_MODEL = 22;

/** @param wide every column; otherwise those that fit a terminal, long names cut short */
export function told(rows: readonly PublishedRow[], wide: boolean): string {
  if (rows.length === 0) return "nothing is published here of that\n";
  const conventions = footnotes((index) => String.fromCharCode(97 + index));
  const sources = footnotes((index) => `[${index + 1}]`);
  const lines = rows.map((row) => {
    const marked = (field: keyof PublishedResult, value: number | null): string =>
      `${shown(value)}${row.conflicts.some((one) => one.field === field) ? "*" : ""}`;
    return [
      row.model,
      `${row.resolution}`,
      row.setting,
      marked("fid", row.fid),
      shown(row.sfid),
      marked("inceptionScore", row.inceptionScore),
      shown(row.precision),
      marked("recall", row.recall),
      marked("nfe", row.nfe),
      shown(row.paramsM),
      // Conventions are told of what is shown.
      row.gflops === null || !wide
        ? UNKNOWN
        : `${shown(row.gflops)} ${conventions.mark(row.gflopsConvention!)}`,
      row.samplingMacs === null ? UNKNOWN : significant(row.samplingMacs / 1e12),
      marked("epochs", row.epochs),
      row.level,
      row.sources.map((source) => sources.mark(sourceText(source))).join(""),
    ];
  });
  return `${[
    ...columns(wide ? [HEADS, ...lines] : fitted([HEADS, ...lines])),
    ...(wide ? [] : ["", `Cut to ${WIDTH} columns; --wide shows all, --json FILE all fields.`]),
    "",
    ...conflictLines(rows),
    `${UNKNOWN}: not found in any source that was read. NFE: network calls an image, those of guidance counted.`,
    "TMAC, of an image: calls × GMAC a call and a decoding, SD-VAE's by our own count where none is printed.",
    ...evaluatorLine(rows),
    ...conventions.lines(),
    ...sources.lines(),
  ].join("\n")}\n`;
}

/** The needed columns, with settings as long as they leave room for. */
function fitted(lines: readonly (readonly string[])[]): string[][] {
  const chosen = NEEDED.map((head) => HEADS.indexOf(head));
  const rows = lines.map((line) =>
    chosen.map((column, i) => (i === 0 ? shortened(line[column]!, MOST_MODEL) : line[column]!)),
  );
  const setting = NEEDED.indexOf("setting");
  const rest = rows.map((row) => row.with(setting, ""));
  const taken = Math.max(...columns(rest).map(({ length }) => length));
  const room = Math.max(LEAST_SETTING, WIDTH - taken);
  return rows.map((row) => row.with(setting, shortened(row[setting]!, room)));
}

const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;

const sourceText = ({ ref, level, via }: PublishedResult["sources"][number]): string =>
  `${ref} (${level}${via ? `, via ${via}` : ""})`;

function evaluatorLine(rows: readonly PublishedRow[]): string[] {
  const told = rows.flatMap(({ family, evaluator }) => (evaluator ? [`${family} (${evaluator})`] : []));
  return told.length === 0 ? [] : [`FID not by ADM's evaluator: ${[...new Set(told)].join(", ")}`];
}

const FIELDS: Readonly<Record<string, string>> = { fid: "FID", inceptionScore: "IS", nfe: "NFE" };

/** Each once, whichever of its rows are listed. */
function conflictLines(rows: readonly PublishedRow[]): string[] {
  const told = rows.flatMap(({ conflicts, model, resolution }) =>
    conflicts.map(({ field, values }) => {
      const all = values.map(({ value, by }) => `${value} (${by})`).join("; ");
      return `* ${model} at ${resolution}, ${FIELDS[field] ?? field}: ${all}`;
    }),
  );
  return [...new Set(told)];
}
