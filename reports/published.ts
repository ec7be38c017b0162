/** The run's models among published ones of their resolution, where the FID is the same number. */
import {
  conflictsOf,
  levelOf,
  otherEvaluator,
  type PublishedResult,
  published,
  samplingMacs,
} from "../harness/references/published.ts";
import type { Result, ResultEntry, ResultRow } from "../harness/result.ts";
import { count, NO_VALUE, quantity } from "./format.ts";
import { rowOf } from "./metric-table.ts";
import { type Column, escaped, list, table } from "./text.ts";

const HEADING = "## Among published results";
/** Of published FIDs. */
const SAMPLES = 50_000;
const IMAGENET = { train: 1_281_167, classes: 1000 };

/** null where nothing is published at the run's resolution. */
export function besidePublished(result: Result): string | null {
  const { resolution } = result.run;
  const rivals = published().results.filter((row) => row.resolution === resolution);
  if (rivals.length === 0) return null;
  const reasons = notComparable(result);
  if (reasons.length > 0)
    return [
      HEADING,
      `Not comparable with what is published at ${resolution} px (\`epg-bench published --resolution ${resolution}\`):`,
      list(reasons),
    ].join("\n\n");
  const comparable = rivals.filter((row) => otherEvaluator(row) === null);
  const left = [...new Set(rivals.filter(otherEvaluator).map(({ family }) => family))];
  const lines = [...ownLines(result), ...comparable.map(publishedLine)].sort((a, b) => a.fid - b.fid);
  return [
    HEADING,
    table(
      COLUMNS,
      lines.map(({ cells }) => cells),
    ),
    "**This run** stands apart in bold. Published NFE, parameters and MACs are as printed, from counts of several conventions; " +
      "\\* sources differ. Their sources, and what each differs on: `epg-bench published`. " +
      `Left out, since another tool than ADM's evaluator is known to have made their FID: ${left.map(escaped).join(", ")}.`,
  ].join("\n\n");
}

/** Why the run's FID is another number than published ones; none where it is the same. */
function notComparable(result: Result): string[] {
  const rows = models(result).flatMap((entry) => fidOf(result, entry) ?? []);
  if (rows.length === 0)
    return ["there is no FID: distances in features of another network are other numbers"];
  const sizes = [...new Set(rows.map(({ n }) => n))];
  const tool = / --as (\S+)/.exec(result.run.config)?.[1] ?? "adm";
  return [
    ...(isAgainstImageNet(result)
      ? []
      : [
          "the reference is not ImageNet's training set, all 1,281,167 images of it, as it is in published FIDs",
        ]),
    ...(sizes.every((n) => n === SAMPLES)
      ? []
      : [`n is ${sizes.map(count).join(", ")}, not ${count(SAMPLES)}: FID's bias falls as 1/n`]),
    ...(tool === "adm" ? [] : [`the FID is ${escaped(tool)}'s, not that of ADM's evaluator`]),
  ];
}

/** Its training images themselves, or ADM's statistics of them, by the name of their file. */
function isAgainstImageNet({ run: { dataset, resolution } }: Result): boolean {
  const { name, classes, train, scoredAgainst } = dataset;
  const whole = train === IMAGENET.train && classes.length === IMAGENET.classes;
  if (scoredAgainst === "train") return whole;
  const file = name.split(/[/\\]/).at(-1)!;
  return [`imagenet-${resolution}.npz`, `VIRTUAL_imagenet${resolution}_labeled.npz`].includes(file);
}

const models = ({ run }: Result): ResultEntry[] => run.entries.filter(({ kind }) => kind === "model");

const fidOf = (result: Result, { name }: ResultEntry): ResultRow | undefined =>
  ["fid", "fid-train"].map((metric) => rowOf(result, name, metric)).find((row) => row && row.value !== null);

const RIGHT = ["FID", "IS", "precision", "recall", "NFE", "Parameters", "MACs an image"];
const COLUMNS: readonly Column[] = [
  { head: "" },
  { head: "Setting" },
  ...RIGHT.map((head): Column => ({ head, align: "right" })),
  { head: "Read in" },
];

interface Line {
  readonly fid: number;
  readonly cells: readonly string[];
}

function ownLines(result: Result): Line[] {
  return models(result).flatMap((entry) => {
    const fid = fidOf(result, entry);
    if (fid === undefined) return [];
    const suffix = fid.metric.slice("fid".length);
    const cell = (metric: string): string => {
      const row = rowOf(result, entry.name, metric);
      return row === undefined ? NO_VALUE : escaped(quantity(row));
    };
    return {
      fid: fid.value!,
      cells: [
        `**this run: ${escaped(entry.name)}**`,
        NO_VALUE,
        `**${escaped(quantity(fid))}**`,
        cell(`is${suffix}`),
        cell(`precision${suffix}`),
        cell(`recall${suffix}`),
        cell("nfe"),
        cell("parameters"),
        cell("macs-per-image"),
        NO_VALUE,
      ],
    };
  });
}

function publishedLine(row: PublishedResult): Line {
  const conflicts = conflictsOf(row.id);
  const marked = (field: keyof PublishedResult, value: number | null): string =>
    `${count(value)}${conflicts.some((one) => one.field === field) ? "\\*" : ""}`;
  return {
    fid: row.fid,
    cells: [
      escaped(row.model),
      escaped(row.setting),
      marked("fid", row.fid),
      marked("inceptionScore", row.inceptionScore),
      count(row.precision),
      marked("recall", row.recall),
      marked("nfe", row.nfe),
      row.paramsM === null ? NO_VALUE : `${count(row.paramsM)} M`,
      quantity({ value: samplingMacs(row), unit: "MAC" }),
      levelOf(row),
    ],
  };
}
