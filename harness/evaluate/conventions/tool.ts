/**
 * What the tools' conventions share. Their values are the tool's own; the errors beside them are those of our exact
 * statistic of the same features, since a tool's spread over subsets or splits is no error.
 */
import { rowsOf } from "../../linear-algebra/index.ts";
import {
  covarianceOf,
  float32Mean,
  frechetDistanceOfStatistics,
  meanOf,
  momentsOf,
  type Spread,
} from "../../metrics/index.ts";
import { type Compared, type Role, type Table, tableOf } from "../compared.ts";
import type { Family, Found } from "../score.ts";
import type { Scorer } from "./convention.ts";
import { own } from "./own.ts";

/** Values of a tool, with the errors of ours. */
export async function withOurErrors(
  compared: Compared,
  family: Family,
  values: readonly Omit<Found, "error" | "errorWords">[],
): Promise<Found[]> {
  const scorer = own.scorers.find(({ families }) => families.includes(family))!;
  const exact = await scorer.score(compared);
  return values.map((found) => {
    const twin = exact.find((one) => one.family === plain(found.family));
    if (!twin?.error) return found;
    const { error, errorWords = "" } = twin;
    return { ...found, error, errorWords: errorWords.replace(/^error: /, "error: of the exact statistic, ") };
  });
}

const plain = (family: Family): string => family.replace(/-float32$/, "");

/** How a tool takes the mean of its float32 features. */
type ToolMean = "float32" | "float64";

/** A tool's Fréchet distance: its mean, and the trace by eigenvalues of statistics, as all tools take it. */
export const toolFrechet = (family: "fd" | "sfid", role: Role, mean: ToolMean): Scorer => ({
  families: [family],
  layers: [role],
  reference: "distribution",
  byDefault: true,
  async score(compared) {
    const { samples, reference } = compared;
    const { multiply } = reference;
    const table = tableOf(samples, role);
    const exact = await momentsOf(table, multiply);
    const rounded = mean === "float32" && (await isFloat32(table)) ? float32Mean : null;
    const ours = { mean: (await rounded?.(table)) ?? meanOf(exact), covariance: covarianceOf(exact) };
    const theirs = await reference.statistics(role, rounded);
    const value = await frechetDistanceOfStatistics(ours, theirs, multiply);
    const convention = `means in ${mean}, covariances in float64 with ddof 1; without the rounding noise that the tool's matrix root adds where images are fewer than dimensions (about 1e-4)`;
    return withOurErrors(compared, family, [{ family, value, convention }]);
  },
});

/** NumPy takes the mean in the type of the features: those of a file in float64 keep it. */
async function isFloat32(table: Table): Promise<boolean> {
  const { data } = await rowsOf(table).range(0, 1);
  return data.every((value) => Math.fround(value) === value);
}

export const spreadBeside = ({ spread }: Spread, over: string): Pick<Found, "beside"> => ({
  beside: { label: `spread over ${over}, no error`, value: spread },
});
