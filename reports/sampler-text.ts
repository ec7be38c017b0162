/** How an entry samples, in one line. */
import type { ResultEntry } from "../harness/result.ts";

type Settings = ResultEntry["sampling"];

/** "solver heun, steps 16, σ 0.001 to 40 (0.002 to 80, times the resolution's shift of 0.5)"; empty where nothing is known. */
export const samplerText = (settings: Settings): string =>
  Object.entries({ ...settings, ...levels(settings) })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
    .join(", ");

/** The levels that are passed in place of the settings they follow from, which a shift multiplies. */
function levels({
  sigmaMin,
  sigmaMax,
  sigmaShift = 1,
  guidanceLow,
}: Settings): Record<string, string | undefined> {
  if (typeof sigmaMin !== "number" || typeof sigmaMax !== "number" || typeof sigmaShift !== "number")
    return {};
  const range = (factor: number): string =>
    [sigmaMin, sigmaMax].map((sigma) => Number((sigma * factor).toPrecision(6))).join(" to ");
  const guided = guidanceLow === undefined ? "" : "; guidance's bounds are before it";
  const shifted =
    sigmaShift === 1 ? "" : ` (${range(1)}, times the resolution's shift of ${sigmaShift}${guided})`;
  return {
    sigmaMin: undefined,
    sigmaMax: undefined,
    sigmaShift: undefined,
    σ: `${range(sigmaShift)}${shifted}`,
  };
}
