/** Drawings from their specifications. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

export const toSvg = (spec: TopLevelSpec): Promise<string> =>
  new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
