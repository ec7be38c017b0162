/** The frontier: how good the samples are, against what making them and training for them takes. */
import { onParetoLine } from "../harness/measure/pareto.ts";
import {
  metricFamily,
  metricLabel,
  type Result,
  type ResultEntry,
  type ResultRow,
} from "../harness/result.ts";
import { columnSize, count, quantity } from "./format.ts";
import { type ExtraColumn, metricsOf, metricTable, rowOf } from "./metric-table.ts";
import { isMostlyBias } from "./scores.ts";
import { type Column, escaped, image, table } from "./text.ts";

interface Axis {
  readonly metric: "nfe" | "macs-per-image" | "total-train-flops";
  /** Of the plot: "network calls an image (NFE)". */
  readonly title: string;
}

const AXES: readonly Axis[] = [
  { metric: "nfe", title: "network calls an image (NFE)" },
  { metric: "macs-per-image", title: "MACs of sampling an image, decoder included" },
  { metric: "total-train-flops", title: "FLOPs of training, all stages" },
];

export interface FrontierPoint {
  /** Of its row. */
  readonly name: string;
  /** Whose weights they are. */
  readonly entry: string;
  readonly terms: Terms;
  readonly cost: number;
  /** Of the metric that ranks: the lower, the better. */
  readonly value: number;
  readonly standardError: number | null;
  readonly onLine: boolean;
}

export type Terms = "as published" | "matched" | "unguided" | "on the way";

export interface Frontier extends Axis {
  /** "FD", "FID", "KID". */
  readonly quality: string;
  readonly points: readonly FrontierPoint[];
  /** Rows that have a score, and why they are not among the points. */
  readonly lacking: readonly { readonly name: string; readonly why: string }[];
  /** Where its drawing lies, relative to the run folder. */
  readonly svg: string;
}

/** Rows of models: as published and sampled again. */
export const termsOf = ({ kind, resampled }: ResultEntry): Terms | null =>
  kind === "model" ? "as published" : (resampled?.terms ?? null);

/** Of weights on the way, training is all that differs. */
const termsAlong = ({ metric }: Axis, entry: ResultEntry): Terms | null =>
  metric === "total-train-flops" && entry.milestone ? "on the way" : termsOf(entry);

/** The row of an entry's distance to whatever the run scored against: KID where a Fréchet distance is mostly bias. */
const distanceOf = ({ results, run }: Result, { name }: ResultEntry): ResultRow | undefined =>
  results.find(
    ({ entry, metric, value }) =>
      entry === name && metricFamily(metric, run.features) === ranking(run) && value !== null,
  );

const ranking = (run: Result["run"]): "fd" | "kid" => (isMostlyBias(run) ? "kid" : "fd");

/** Equal budgets are filled by whole steps, which differ below the third digit: that makes no row the cheaper one. */
const toBudget = (cost: number): number => Number(cost.toPrecision(3));

/** One for each axis along which there are two points. */
export function frontiers(result: Result): Frontier[] {
  return AXES.flatMap((axis) => {
    const lacking: { name: string; why: string }[] = [];
    const priced = result.run.entries.flatMap((entry) => {
      const [terms, distance] = [termsAlong(axis, entry), distanceOf(result, entry)];
      if (terms === null || distance === undefined) return [];
      const row = rowOf(result, entry.name, axis.metric);
      const cost = row?.value ?? null;
      // What cost nothing was not counted.
      if (cost === null || cost <= 0) {
        lacking.push({ name: entry.name, why: whyNot(row) });
        return [];
      }
      const { metric, standardError } = distance;
      const owner = (entry.resampled ?? entry.milestone)?.of ?? entry.name;
      return [{ name: entry.name, entry: owner, terms, cost, value: distance.value!, standardError, metric }];
    });
    if (new Set(priced.map(({ name }) => name)).size < 2) return [];
    const onLine = onParetoLine(priced.map((row) => ({ ...row, cost: toBudget(row.cost) })));
    const points = priced.map(({ metric: _metric, ...point }, i) => ({ ...point, onLine: onLine[i]! }));
    const quality = metricLabel(priced[0]!.metric, result.run.features);
    return [{ ...axis, quality, points, lacking, svg: `frontier/${axis.metric}.svg` }];
  });
}

/** The row of a cost is left out where files of weights do not tell, and has no value where another program does not. */
const whyNot = (row: ResultRow | undefined): string =>
  row === undefined
    ? "a file of its weights does not tell"
    : row.value === null
      ? "not known"
      : "none was counted";

/** null where fewer than two rows are known. */
export function frontier(result: Result): string | null {
  const all = frontiers(result);
  if (all.length === 0) return null;
  const note =
    "On the line: no other row is as good at as low a cost. ± is one standard error and covers the draw of samples, not training: " +
    "rows within it may change places. Training is billed in full to every row of its weights, sampling again trains nothing." +
    (isMostlyBias(result.run)
      ? " Ranked by KID, since most of a Fréchet distance of so few images is bias."
      : "");
  return ["## Frontier", note, ...all.map((one) => section(result, one))].join("\n\n");
}

const ON_THE_WAY =
  "Lines: an entry along its training, its weights by then (their running average, where it keeps one) sampled as the entry is. A state on the way is not what a run planned " +
  "for that budget would end with: learning rates, averages and curricula go by the length of the whole, and rates that fall are still high. Earlier stages (pre-training, " +
  "VAE) are in every point whole, since images are made of the last stage's weights.";

/** Both distances, whichever ranks, and the steps from which what training took by then is reckoned. */
function milestoneTable(result: Result): string {
  const entries = result.run.entries.filter(({ milestone }) => milestone);
  const distances = metricsOf(result, ({ metric }) =>
    ["fd", "kid"].includes(metricFamily(metric, result.run.features)),
  );
  const steps: ExtraColumn = {
    head: "Steps of the last stage",
    align: "right",
    cell: ({ milestone }) => `${count(milestone!.step)} of ${count(milestone!.steps)}`,
  };
  return metricTable(result, entries, distances, [steps]);
}

function section(result: Result, { metric, quality, title, points, lacking, svg }: Frontier): string {
  const columns: Column[] = [
    { head: "" },
    { head: escaped(metricLabel(metric, result.run.features)), align: "right" },
    { head: `${escaped(quality)} ↓`, align: "right" },
    { head: "On the line" },
  ];
  const unit = rowOf(result, points[0]!.name, metric)!.unit;
  const size = columnSize(points.map(({ cost }) => cost));
  const lines = [...points]
    .sort((a, b) => a.cost - b.cost || a.value - b.value)
    .map(({ name, cost, value, standardError, onLine }) => [
      escaped(name),
      escaped(quantity({ value: cost, unit, size })),
      escaped(quantity({ value, standardError })),
      onLine ? "**yes**" : "",
    ]);
  const onTheWay = points.some(({ terms }) => terms === "on the way")
    ? [ON_THE_WAY, milestoneTable(result)]
    : [];
  const missing = lacking.map(({ name, why }) => `${escaped(name)} (${why})`);
  return [
    `### Against ${title}`,
    image(`${quality} against ${title}`, svg),
    table(columns, lines),
    ...onTheWay,
    ...(missing.length === 0 ? [] : [`Rows without it: ${missing.join(", ")}.`]),
  ].join("\n\n");
}
