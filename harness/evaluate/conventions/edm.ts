/** EDM's and EDM2's evaluator (008a4e5, fid.py): FID of 50,000 images. */
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import type { Convention } from "./convention.ts";
import { toolFrechet } from "./tool.ts";

const COUNT = 50_000;

export const edm: Convention = {
  tool: "edm",
  description: "EDM's fid.py 008a4e5 (EDM2 alike)",
  scorers: [toolFrechet("fd", "features", "float64")],
  /** `--num=50000 --seed=0`: RandomState(seed) shuffles the indices; the first are taken and sorted. */
  choice(n, seed) {
    if (n <= COUNT) return null;
    const indices = Int32Array.from({ length: n }, (_, i) => i);
    numpyLegacy(seed ?? 0).shuffle(indices);
    return indices.slice(0, COUNT).sort();
  },
  warnings: (n) =>
    n < COUNT ? [`edm itself stops at fewer than ${COUNT} images unless it is given --num=${n}`] : [],
};
