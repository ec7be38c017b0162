/** clean-fid 0.1.35 in its three modes, which differ in how images are resized. */
import { cleanFidSubsets, kernelDistanceOfSubsets, spreadOf } from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { tableOf } from "../compared.ts";
import type { Tool } from "../tool-listing.ts";
import type { Convention, Scorer } from "./convention.ts";
import { exactTwin, subsetError, toolFrechet } from "./tool.ts";

const SUBSETS = { count: 100, size: 1000 };

const kid: Scorer = {
  families: ["kid"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  settings: ["kidSubsets", "kidSubsetSize", "seed"],
  async score(compared) {
    const { samples, reference, settings } = compared;
    const real = tableOf(reference.layers, "features");
    const plan = {
      count: settings.kidSubsets ?? SUBSETS.count,
      size: settings.kidSubsetSize ?? SUBSETS.size,
    };
    const seed = settings.seed ?? 0;
    const { choice } = numpyLegacy(seed);
    const subsets = cleanFidSubsets(samples.features.rows, real.rows, plan, choice);
    const found = spreadOf(
      await kernelDistanceOfSubsets(samples.features, real, subsets, reference.multiply),
    );
    const convention = `mean over ${plan.count} subsets of ${subsets[0]!.samples.length} by RandomState(${seed}) (the tool does not seed), unbiased, kernel (x·y/d + 1)³`;
    const error = subsetError(await exactTwin(compared, "kid"), found, plan.count);
    return [{ family: "kid", value: found.mean, convention, ...error }];
  },
};

const mode = (tool: Tool, words: string): Convention => ({
  tool,
  description: `clean-fid 0.1.35, ${words}`,
  scorers: [toolFrechet("fd", "features", "float32"), kid],
});

export const cleanFid = mode("clean-fid", "mode clean");
export const cleanFidLegacyPytorch = mode("clean-fid-legacy-pytorch", "mode legacy_pytorch");
export const cleanFidLegacyTensorflow = mode("clean-fid-legacy-tensorflow", "mode legacy_tensorflow");
