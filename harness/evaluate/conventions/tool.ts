/** What the tools' conventions share. */
import type { Spread } from "../../metrics/index.ts";
import { numpyLegacy } from "../../random/numpy-legacy.ts";
import { type Compared, meansOf, type Role, tableOf } from "../compared.ts";
import type { Family, Found } from "../score.ts";
import type { Scorer } from "./convention.ts";
import { own } from "./own.ts";

/**
 * Our exact scores of the same features, all that come with the one that is asked for: their errors are a tool's too
 * where the two values differ by rounding alone.
 */
export const exactTwins = (compared: Compared, family: Family): Promise<readonly Found[]> =>
  own.scorers.find(({ families }) => families.includes(family))!.score(compared);

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
    const [exact] = (await exactTwins(compared, family)) as [Found];
    const shift = mean === "float32" ? await float32Shift(compared, role) : 0;
    const words = mean === "float32" ? "means of float32 features in float32" : "means in float64";
    const convention = `${words}, covariances in float64 with ddof 1; without the noise that the tool's matrix root adds where images are fewer than dimensions (about 1e-4)`;
    return [{ ...exact, value: exact.value + shift, convention }];
  },
});

/** What float32 means add to ‖μ₁ − μ₂‖². */
async function float32Shift({ samples, reference }: Compared, role: Role): Promise<number> {
  const [ours, theirs] = [await meansOf(tableOf(samples, role)), await reference.means(role)];
  return squaredDistance(ours.rounded, theirs.rounded) - squaredDistance(ours.exact, theirs.exact);
}

const squaredDistance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0);

export const spreadBeside = ({ spread }: Spread, over: string): Pick<Found, "beside"> => ({
  beside: { label: `spread over ${over}, no error`, value: spread },
});

/** 50,000 of larger sets, drawn at random and sorted: EDM's first of a shuffle and dgm-eval's choice are one draw. */
export const choiceOf50000 =
  (usualSeed: number) =>
  (n: number, seed: number | null): Int32Array | null =>
    n <= COUNT
      ? null
      : numpyLegacy(seed ?? usualSeed)
          .choice(n, COUNT)
          .sort();

export const COUNT = 50_000;
