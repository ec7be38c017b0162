import { type Command, Option } from "commander";
import { UserError } from "../errors.ts";
import type { PublishedConflict, PublishedResult } from "../references/published.ts";
import { suggestion } from "../suggest.ts";
import { columns } from "./columns.ts";
import { writeJson } from "./output-file.ts";

interface PublishedFlags {
  readonly resolution?: "256" | "512";
  readonly sort: SortKey;
  readonly family?: string;
  readonly json?: string;
}

/** A row with what is told of it beside its own fields. */
type Row = PublishedResult & {
  readonly level: string;
  /** Of an image, decoding included. */
  readonly samplingMacs: number | null;
  readonly conflicts: readonly PublishedConflict[];
  /** The tool of its FID, where it is known to be another than ADM's evaluator. */
  readonly evaluator: string | null;
};

/** What rows are put in order by, the better first; those of unknown value come last. */
const KEYS = {
  fid: ({ fid }: Row) => fid,
  sfid: ({ sfid }: Row) => sfid,
  is: ({ inceptionScore }: Row) => inceptionScore && -inceptionScore,
  precision: ({ precision }: Row) => precision && -precision,
  recall: ({ recall }: Row) => recall && -recall,
  macs: ({ samplingMacs }: Row) => samplingMacs,
  nfe: ({ nfe }: Row) => nfe,
  parameters: ({ paramsM }: Row) => paramsM,
  epochs: ({ epochs }: Row) => epochs,
} as const;

type SortKey = keyof typeof KEYS;

export function define(command: Command): void {
  command
    .addOption(new Option("--resolution <pixels>", "of ImageNet").choices(["256", "512"]))
    .addOption(new Option("--sort <key>", "the best first").choices(Object.keys(KEYS)).default("fid"))
    .option("--family <name>", "DiT, EPG, JiT, …")
    .option("--json <file>", "write it as JSON; - for stdout, in place of the table")
    .action(list);
}

async function list({ resolution, sort, family, json }: PublishedFlags): Promise<void> {
  const { published, conflictsOf, levelOf, otherEvaluator, samplingMacs } = await import(
    "../references/published.ts"
  );
  const { results } = published();
  const wanted = family === undefined ? null : familyNamed(family, results);
  const rows = results
    .filter((row) => resolution === undefined || row.resolution === Number(resolution))
    .filter((row) => wanted === null || row.family === wanted)
    .map(
      (row): Row => ({
        ...row,
        level: levelOf(row),
        samplingMacs: samplingMacs(row),
        conflicts: conflictsOf(row.id),
        evaluator: otherEvaluator(row),
      }),
    )
    .sort((a, b) => (KEYS[sort](a) ?? Infinity) - (KEYS[sort](b) ?? Infinity) || 0);
  if (json === undefined) process.stdout.write(told(rows));
  else await writeJson(json, rows);
}

function familyNamed(family: string, results: readonly PublishedResult[]): string {
  const families = [...new Set(results.map((row) => row.family))];
  const found = families.find((name) => name.toLowerCase() === family.toLowerCase());
  if (found !== undefined) return found;
  throw new UserError(`--family: nothing is published here of "${family}"`, suggestion(family, families));
}

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
  ["GMAC a call", "TMAC an image", "epochs", "level", "sources"],
].flat();

function told(rows: readonly Row[]): string {
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
      row.gflops === null ? UNKNOWN : `${shown(row.gflops)} ${conventions.mark(row.gflopsConvention!)}`,
      row.samplingMacs === null ? UNKNOWN : significant(row.samplingMacs / 1e12),
      marked("epochs", row.epochs),
      row.level,
      row.sources.map((source) => sources.mark(sourceText(source))).join(""),
    ];
  });
  return `${[
    ...columns([HEADS, ...lines]),
    "",
    ...conflictLines(rows),
    `${UNKNOWN}: not found in any source that was read. NFE: network calls an image, those of guidance counted.`,
    "TMAC an image: calls × GMAC a call and a decoding, SD-VAE's by our own count where none is printed.",
    ...evaluatorLine(rows),
    ...conventions.lines(),
    ...sources.lines(),
  ].join("\n")}\n`;
}

const sourceText = ({ ref, level, via }: PublishedResult["sources"][number]): string =>
  `${ref} (${level}${via ? `, via ${via}` : ""})`;

function evaluatorLine(rows: readonly Row[]): string[] {
  const told = rows.flatMap(({ family, evaluator }) => (evaluator ? [`${family} (${evaluator})`] : []));
  return told.length === 0 ? [] : [`FID not by ADM's evaluator: ${[...new Set(told)].join(", ")}`];
}

const FIELDS: Readonly<Record<string, string>> = { fid: "FID", inceptionScore: "IS", nfe: "NFE" };

/** Each once, whichever of its rows are listed. */
function conflictLines(rows: readonly Row[]): string[] {
  const told = rows.flatMap(({ conflicts, model, resolution }) =>
    conflicts.map(({ field, values }) => {
      const all = values.map(({ value, by }) => `${value} (${by})`).join("; ");
      return `* ${model} at ${resolution}, ${FIELDS[field] ?? field}: ${all}`;
    }),
  );
  return [...new Set(told)];
}
