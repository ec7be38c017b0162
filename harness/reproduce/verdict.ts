/** Whether a number that was found is the published one. */
import type { Recipe } from "./recipe.ts";

/** Two-sided, 5 %. */
const NORMAL_QUANTILE = 1.96;

export interface Verdict {
  readonly expected: number;
  readonly found: number;
  /** null where the score has no error of its own. */
  readonly tolerance: number | null;
  /** "not comparable": fewer samples than were published, whose distance is biased, or no error to judge by. */
  readonly status: "pass" | "fail" | "not comparable";
  readonly reason: string;
}

/**
 * Published and found are a draw of samples each, with the same error; so their difference has √2 times it, of which
 * 1.96 are allowed, and half a unit of the last published digit.
 */
export function verdictOf(
  { expected, samples }: Pick<Recipe, "expected" | "samples">,
  found: { readonly value: number; readonly standardError: number | null; readonly n: number },
): Verdict {
  const { value, standardError, n } = found;
  const common = { expected: expected.value, found: value };
  const tolerance =
    standardError === null
      ? null
      : NORMAL_QUANTILE * Math.SQRT2 * standardError + 0.5 * 10 ** -expected.decimals;
  if (n !== samples)
    return {
      ...common,
      tolerance,
      status: "not comparable",
      reason: `${n} samples, and the published value is of ${samples}: a Fréchet distance of fewer is larger`,
    };
  if (tolerance === null)
    return { ...common, tolerance, status: "not comparable", reason: "the score has no error to judge by" };
  const apart = Math.abs(value - expected.value);
  const told = `${apart.toPrecision(3)} apart, tolerance ${tolerance.toPrecision(3)}`;
  return { ...common, tolerance, status: apart <= tolerance ? "pass" : "fail", reason: told };
}
