/** EDM's and EDM2's evaluator (008a4e5, fid.py): FID of 50,000 images. */
import type { Convention } from "./convention.ts";
import { COUNT, choiceOf50000, toolFrechet } from "./tool.ts";

export const edm: Convention = {
  tool: "edm",
  description: "EDM's fid.py 008a4e5 (EDM2 alike)",
  scorers: [toolFrechet("fd", "features", "float64")],
  /** `--num=50000 --seed=0`. */
  choice: choiceOf50000(0),
  warnings: (n) =>
    n < COUNT ? [`edm itself stops at fewer than ${COUNT} images unless it is given --num=${n}`] : [],
};
