/** What the tools' conventions share. */
import { float32Mean, float64Mean, type Spread } from "../../metrics/index.ts";
import { type Compared, type Role, type Table, tableOf } from "../compared.ts";
import type { Family, Found } from "../score.ts";
import type { Scorer } from "./convention.ts";
import { own } from "./own.ts";

/** Our exact score of the same features: its error is a tool's too where the two values differ by rounding alone. */
export async function exactTwin(compared: Compared, family: Family): Promise<Found> {
  const scorer = own.scorers.find(({ families }) => families.includes(family))!;
  return (await scorer.score(compared)).find((found) => found.family === family)!;
}

/**
 * A tool's Fréchet distance is the exact one but for the means, which some take in float32, and for the noise of a
 * matrix root of rounded covariances, which is not imitated.
 *
 * @param mean how the tool takes the mean of float32 features
 */
export const toolFrechet = (family: "fd" | "sfid", role: Role, mean: "float32" | "float64"): Scorer => ({
  families: [family],
  layers: [role],
  reference: "distribution",
  byDefault: true,
  async score(compared) {
    const exact = await exactTwin(compared, family);
    const shift = mean === "float32" ? await float32Shift(compared, role) : 0;
    const words = mean === "float32" ? "means of float32 features in float32" : "means in float64";
    const convention = `${words}, covariances in float64 with ddof 1; without the noise that the tool's matrix root adds where images are fewer than dimensions (about 1e-4)`;
    return [{ ...exact, value: exact.value + shift, convention }];
  },
});

/** What float32 means add to ‖μ₁ − μ₂‖². */
async function float32Shift({ samples, reference }: Compared, role: Role): Promise<number> {
  const table = tableOf(samples, role);
  const theirs = await reference.mean(role);
  const [ours, rounded] = [await float64Mean(table), await toolMean(table)];
  return squaredDistance(rounded, theirs.rounded) - squaredDistance(ours, theirs.exact);
}

/** NumPy takes the mean in the type of the features: those of a file in float64 keep it. */
const toolMean = (table: Table): Promise<Float64Array> =>
  table.float32 ? float32Mean(table) : float64Mean(table);

const squaredDistance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);

/**
 * The error of a mean over random subsets: of the draw of samples, as our statistic of all of them has it, and of the
 * draw of subsets, whose values vary by `spread`. Without both there is none.
 */
export function subsetError(
  exact: Found,
  { spread }: Spread,
  count: number,
): Pick<Found, "error" | "errorWords"> {
  const ofSamples = exact.error?.standardError ?? null;
  if (ofSamples === null || count < 2) return {};
  const ofSubsets = spread ** 2 / (count - 1);
  return {
    error: { standardError: Math.sqrt(ofSamples ** 2 + ofSubsets), deleteGroup: null },
    errorWords:
      "error: of the draw of samples, by the jackknife of the statistic over all of them, and of the draw of subsets",
  };
}

export const spreadBeside = ({ spread }: Spread, over: string): Pick<Found, "beside"> => ({
  beside: { label: `spread over ${over}, no error`, value: spread },
});
