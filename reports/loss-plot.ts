/** A stage's loss over its training compute, as SVG. */
import type { TopLevelSpec } from "vega-lite";
import { toSvg } from "./svg.ts";

interface LossPoint {
  readonly flops: number;
  readonly loss: number;
}

const WIDTH = 560;
const HEIGHT = 200;
/** Share of a curve that a point of the smoothed line is the mean of. */
const WINDOW = 0.02;

/** Every point pale, their running mean above; points that are no numbers are left out. */
export async function lossPlot(title: string, points: readonly LossPoint[]): Promise<string> {
  const values = points.filter(({ loss }) => Number.isFinite(loss));
  const half = Math.max(1, Math.round((values.length * WINDOW) / 2));
  const scale = values.every(({ loss }) => loss > 0)
    ? ({ type: "log" } as const)
    : ({ zero: false } as const);
  const line = (field: "loss" | "smoothed", opacity: number) =>
    ({
      mark: { type: "line", opacity, strokeWidth: field === "loss" ? 1 : 2 },
      encoding: {
        y: {
          field,
          type: "quantitative",
          title: "loss",
          scale,
        },
      },
    }) as const;
  const spec: TopLevelSpec = {
    width: WIDTH,
    height: HEIGHT,
    background: "white",
    title: { text: title, anchor: "start" },
    data: { values },
    transform: [
      {
        window: [{ op: "mean", field: "loss", as: "smoothed" }],
        sort: [{ field: "flops" }],
        frame: [-half, half],
      },
    ],
    encoding: {
      x: { field: "flops", type: "quantitative", title: "FLOPs of the stage", axis: { format: "~s" } },
    },
    layer: [line("loss", 0.3), line("smoothed", 1)],
  };
  return toSvg(spec);
}
