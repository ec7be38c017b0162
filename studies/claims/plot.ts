/** FD over cumulative training FLOPs, as SVG. */
import type { TopLevelSpec } from "vega-lite";
import { toSvg } from "../../reports/svg.ts";
import { ARM_NAMES, CURVES } from "./arms.ts";
import type { Study } from "./study.ts";

const WIDTH = 560;
const HEIGHT = 300;

/** A point a seed, lines through the means of the arms that were trained to several budgets. */
export async function curvesPlot({ points }: Study): Promise<string> {
  const values = points.filter(({ fd, trainFlops }) => fd !== null && trainFlops !== null);
  const isCurve = { field: "arm", oneOf: [...CURVES] };
  const x = {
    field: "trainFlops",
    type: "quantitative",
    title: "training FLOPs, all stages",
    scale: { type: "log", nice: false, padding: 12 },
    axis: { format: "~s" },
  } as const;
  const fd = { type: "quantitative", title: "FD (EfficientNet-Lite0)", scale: { zero: false } } as const;
  const color = {
    field: "arm",
    type: "nominal",
    title: null,
    scale: { domain: [...ARM_NAMES], scheme: "dark2" },
    legend: { labelLimit: 0 },
  } as const;
  const spec: TopLevelSpec = {
    width: WIDTH,
    height: HEIGHT,
    background: "white",
    data: { values },
    layer: [
      {
        mark: { type: "point", filled: true, opacity: 0.5, size: 40 },
        encoding: { x, y: { ...fd, field: "fd" }, color },
      },
      {
        transform: [
          { filter: isCurve },
          { aggregate: [{ op: "mean", field: "fd", as: "mean" }], groupby: ["arm", "trainFlops"] },
        ],
        mark: { type: "line", strokeWidth: 2 },
        encoding: { x, y: { ...fd, field: "mean" }, color },
      },
    ],
  };
  return toSvg(spec);
}
