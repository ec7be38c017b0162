/** KID as the tools take it: over random subsets. */
import { type cleanFidSubsets, kernelDistanceOfSubsets, type Spread, spreadOf } from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { tableOf } from "../compared.ts";
import type { Found } from "../score.ts";
import type { Scorer } from "./convention.ts";
import { exactTwins, spreadBeside } from "./tool.ts";

/** How a tool takes KID over random subsets. */
interface KernelTool {
  readonly draw: typeof cleanFidSubsets;
  readonly seed: number;
  /** To follow "by RandomState(seed)". */
  readonly words: { readonly seed?: string; readonly arithmetic?: string; readonly spread?: string };
  /** Whether it prints how its subsets vary. */
  readonly printsSpread: boolean;
  /** Whether it refuses sets smaller than a subset, in place of drawing fewer. */
  readonly refusesFewer: boolean;
}

/** Of all tools that take it so. */
const SUBSETS = { count: 100, size: 1000 };

export const toolKernel = ({ draw, seed: usual, words, printsSpread, refusesFewer }: KernelTool): Scorer => ({
  families: ["kid"],
  layers: ["features"],
  reference: "images",
  byDefault: true,
  settings: ["kidSubsets", "kidSubsetSize", "seed"],
  ...(refusesFewer ? { fewest: ({ kidSubsetSize }) => kidSubsetSize ?? SUBSETS.size } : {}),
  async score(compared) {
    const { samples, reference, settings } = compared;
    const real = tableOf(reference.layers, "features");
    const plan = {
      count: settings.kidSubsets ?? SUBSETS.count,
      size: settings.kidSubsetSize ?? SUBSETS.size,
    };
    const seed = settings.seed ?? usual;
    const subsets = draw(samples.features.rows, real.rows, plan, numpyLegacy(seed).choice);
    const found = spreadOf(
      await kernelDistanceOfSubsets(samples.features, real, subsets, reference.multiply),
    );
    const [exact] = (await exactTwins(compared, "kid")) as [Found];
    return [
      {
        family: "kid",
        value: found.mean,
        convention: `mean over ${plan.count} subsets of ${subsets[0]!.samples.length} by RandomState(${seed})${words.seed ?? ""}, unbiased, kernel (x·y/d + 1)³${words.arithmetic ?? ""}`,
        ...subsetError(exact, found, plan.count),
        ...(printsSpread ? spreadBeside(found, `${plan.count} subsets${words.spread ?? ""}`) : {}),
      },
    ];
  },
});

/**
 * The error of a mean over random subsets: of the draw of samples, as our statistic of all of them has it, and of the
 * draw of subsets, whose values vary by `spread`. Without both there is none.
 */
function subsetError(exact: Found, { spread }: Spread, count: number): Pick<Found, "error" | "errorWords"> {
  const ofSamples = exact.error?.standardError ?? null;
  if (ofSamples === null || count < 2) return {};
  const ofSubsets = spread ** 2 / (count - 1);
  return {
    error: { standardError: Math.sqrt(ofSamples ** 2 + ofSubsets), deleteGroup: null },
    errorWords:
      "error: of the draw of samples, by the jackknife of the statistic over all of them, and of the draw of subsets",
  };
}
