/** pytorch-fid 0.3.0: FID and nothing else. */
import type { Convention } from "./convention.ts";
import { toolFrechet } from "./tool.ts";

export const pytorchFid: Convention = {
  tool: "pytorch-fid",
  description: "pytorch-fid 0.3.0",
  scorers: [toolFrechet("fd", "features", "float64")],
};
