/** Estimates with errors, and what may be said of them at `ALPHA`. */
import { studentQuantile, studentUpperTail } from "./student.ts";

/**
 * The one-sided error of a verdict: an estimate counts as above a limit when the lower end of its 95 %
 * interval is. A true change of exactly the limit (or of none) then raises a false alarm in at most
 * 2.5 % of runs; over the error-level comparisons of one gate together, by Holm's correction.
 */
export const ALPHA = 0.025;

export interface Estimate {
  readonly value: number;
  /** 0 for exact values. */
  readonly standardError: number;
  readonly degreesOfFreedom: number;
}

/** The 95 % interval. */
export function interval(estimate: Estimate): [number, number] {
  if (estimate.standardError === 0) return [estimate.value, estimate.value];
  const margin = estimate.standardError * studentQuantile(1 - ALPHA, estimate.degreesOfFreedom);
  return [estimate.value - margin, estimate.value + margin];
}

/** The 95 % interval as results hold it: null where it is not of finite numbers. */
export function finiteInterval(estimate: Estimate): [number, number] | null {
  const bounds = interval(estimate);
  return bounds.every(Number.isFinite) ? bounds : null;
}

/** The one-sided p-value of "the true value is at most `limit`". */
export function exceedanceP(estimate: Estimate, limit: number): number {
  const excess = estimate.value - limit;
  if (estimate.standardError === 0) return excess > 0 ? 0 : 1;
  return studentUpperTail(excess / estimate.standardError, estimate.degreesOfFreedom);
}

/** Whether the estimate differs from zero by more than its error. */
export function significant(estimate: Estimate): boolean {
  return exceedanceP({ ...estimate, value: Math.abs(estimate.value) }, 0) <= ALPHA;
}

/** A value without error. */
export const exactly = (value: number): Estimate => ({
  value,
  standardError: 0,
  degreesOfFreedom: Number.POSITIVE_INFINITY,
});

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The standard error of a statistic from its values with one of G groups left out (delete-group
 * jackknife, Shao & Tu 1995, §2.3): SE² = (G−1)/G · Σ(δ₍g₎ − δ̄)².
 */
export function jackknifeError(leftOut: readonly number[]): number {
  const groups = leftOut.length;
  const centre = mean(leftOut);
  const squares = leftOut.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(((groups - 1) / groups) * squares);
}

/** The mean over independent repetitions (training seeds, at least 2) with its error from their spread. */
export function meanOfRepetitions(values: readonly number[]): Estimate {
  const value = mean(values);
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
  const standardError = Math.sqrt(squares / (values.length - 1) / values.length);
  return { value, standardError, degreesOfFreedom: values.length - 1 };
}

/**
 * weightA·a + weightB·b of two independent estimates; degrees of freedom by Welch (1947) and Satterthwaite:
 * (u+v)² / (u²/dfₐ + v²/df_b) with u, v the variances of the two terms.
 */
export function combine(a: Estimate, weightA: number, b: Estimate, weightB: number): Estimate {
  const u = (weightA * a.standardError) ** 2;
  const v = (weightB * b.standardError) ** 2;
  const denominator = (u * u) / a.degreesOfFreedom + (v * v) / b.degreesOfFreedom;
  return {
    value: weightA * a.value + weightB * b.value,
    standardError: Math.sqrt(u + v),
    degreesOfFreedom: denominator > 0 ? (u + v) ** 2 / denominator : Number.POSITIVE_INFINITY,
  };
}

/**
 * Holm's step-down correction (1979): which of the hypotheses fall so that the chance of any false one
 * among them stays at most `alpha`. Same order as given.
 */
export function holm(pValues: readonly number[], alpha: number = ALPHA): boolean[] {
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i]! - pValues[j]!);
  const rejected = pValues.map(() => false);
  for (const [rank, i] of order.entries()) {
    if (pValues[i]! > alpha / (pValues.length - rank)) break;
    rejected[i] = true;
  }
  return rejected;
}
