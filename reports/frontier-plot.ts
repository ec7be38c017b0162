/** A frontier as SVG. */
import type { TopLevelSpec } from "vega-lite";
import type { Frontier, FrontierPoint, Terms } from "./frontier.ts";
import { toSvg } from "./svg.ts";
import { plain } from "./text.ts";

const WIDTH = 560;
const HEIGHT = 280;
/** Room at both ends of the costs, so that equal ones are seen to be. */
const ROOM = 1.25;
/** The same mark in every plot; the legend tells of those that are in it. */
const MARKS: Readonly<Record<Terms, string>> = {
  "as published": "circle",
  matched: "square",
  unguided: "triangle-up",
  "on the way": "cross",
};
/** For the point and its error bar: ±1.96 standard errors, 95 % of the draws of samples. */
const NORMAL_95 = 1.96;

/**
 * A point a row, coloured by entry, with its 95 % interval; a line along the training of an entry; the Pareto line in steps,
 * since nothing is known between its points.
 */
export async function frontierPlot({ metric, title, quality, points }: Frontier): Promise<string> {
  const values = points.map(drawn);
  const terms = (Object.keys(MARKS) as Terms[]).filter((one) => values.some((value) => value.terms === one));
  const shape = {
    field: "terms",
    type: "nominal",
    title: null,
    scale: { domain: terms, range: terms.map((one) => MARKS[one]) },
  } as const;
  const followed = points.filter(({ terms }) => terms === "on the way").map(({ entry }) => plain(entry));
  const costs = values.map(({ cost }) => cost);
  const domain = [Math.min(...costs) / ROOM, Math.max(...costs) * ROOM];
  const x = {
    field: "cost",
    type: "quantitative",
    title,
    // Costs span orders of magnitude.
    scale: { type: "log", domain },
    axis: { format: metric === "nfe" ? "~g" : ".3~s" },
  } as const;
  const y = {
    field: "value",
    type: "quantitative",
    title: `${plain(quality)} (lower is better)`,
    scale: { zero: false },
  } as const;
  const spec: TopLevelSpec = {
    width: WIDTH,
    height: HEIGHT,
    background: "white",
    data: { values },
    layer: [
      {
        transform: [{ filter: "datum.onLine" }],
        mark: { type: "line", interpolate: "step-after", color: "#888", strokeDash: [4, 3] },
        encoding: { x, y, order: { field: "cost", type: "quantitative" } },
      },
      {
        transform: [
          { filter: { field: "entry", oneOf: followed } },
          { filter: { field: "terms", oneOf: ["on the way", "as published"] satisfies Terms[] } },
        ],
        mark: { type: "line" },
        encoding: { x, y, color, order: { field: "cost", type: "quantitative" } },
      },
      { mark: "rule", encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } },
      { mark: { type: "point", filled: true, size: 60 }, encoding: { x, y, color, shape } },
    ],
  };
  return toSvg(spec);
}

const color = { field: "entry", type: "nominal", title: null, legend: { labelLimit: 300 } } as const;

function drawn({ entry, terms, cost, value, standardError, onLine }: FrontierPoint) {
  const half = NORMAL_95 * (standardError ?? 0);
  return { entry: plain(entry), terms, cost, value, low: value - half, high: value + half, onLine };
}
