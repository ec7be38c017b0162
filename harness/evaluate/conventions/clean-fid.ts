/** clean-fid 0.1.35 in its three modes, which differ in how images are resized. */
import { cleanFidSubsets } from "../../metrics/index.ts";
import type { Tool } from "../tool-listing.ts";
import type { Convention } from "./convention.ts";
import { toolFrechet } from "./tool.ts";
import { toolKernel } from "./tool-kernel.ts";

const kid = toolKernel({
  draw: cleanFidSubsets,
  seed: 0,
  words: { seed: " (the tool does not seed)" },
  printsSpread: false,
  refusesFewer: false,
});

const mode = (tool: Tool, words: string): Convention => ({
  tool,
  description: `clean-fid 0.1.35, ${words}`,
  scorers: [toolFrechet("fd", "features", "float32"), kid],
});

export const cleanFid = mode("clean-fid", "mode clean");
export const cleanFidLegacyPytorch = mode("clean-fid-legacy-pytorch", "mode legacy_pytorch");
export const cleanFidLegacyTensorflow = mode("clean-fid-legacy-tensorflow", "mode legacy_tensorflow");
