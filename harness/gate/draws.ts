/**
 * Differences between draws of samples: what the jackknife errors of two metrics say of their
 * difference. Nothing here knows about training.
 */
import type { ResultRow } from "../result.ts";
import type { Measurement } from "./comparable.ts";
import { combine, type Estimate, exactly, jackknifeError, mean } from "./estimate.ts";

export interface Compared {
  readonly status: "compared";
  readonly basis: "same-weights" | "retrained" | "exact";
  readonly pairing: "paired" | "unpaired" | "exact";
  readonly base: number;
  readonly found: number;
  /** found − base; null where its error is not known. */
  readonly difference: Estimate | null;
  /** Difference over |base|, positive is worse; null where its error is not known or has no bound. */
  readonly harm: Estimate | null;
  /** Whether found and base are equal to the bit. */
  readonly identical: boolean;
  /** Why there is no error, or on what the error rests. */
  readonly reason: string;
}

/** A metric of an entry, whatever run it is from. */
export type Drawn = Pick<Measurement, "entry" | "row">;

/**
 * Two entries of one run. What is said covers the draw of their samples, not their training: paired
 * where they sample the same weights, else as independent.
 */
export function compareDraws(base: Drawn, found: Drawn): Compared {
  if (base.entry.weights !== null && base.entry.weights === found.entry.weights)
    return resampled([[base, found]]);
  const values = { base: base.row.value, found: found.row.value };
  const [a, b] = [ownEstimate([base]), ownEstimate([found])];
  if (a !== null && b !== null) return unpaired(a, b, found.row);
  return unjudged("retrained", { ...values, identical: values.base === values.found }, NO_ERROR);
}

export const meanValue = (side: readonly Drawn[]): number => mean(side.map(({ row }) => row.value));

/** +1 where more is worse. */
export const harmSign = (row: ResultRow): number => (row.direction === "higher" ? -1 : 1);

/** The mean of a side with the errors its rows state; null where one states none. */
export function ownEstimate(side: readonly Drawn[]): Estimate | null {
  let sum: Estimate = exactly(0);
  for (const { row } of side) {
    if (row.standardError === null) return null;
    const groups = row.deleteGroup?.length ?? 0;
    const degreesOfFreedom = groups < 2 ? Number.POSITIVE_INFINITY : groups - 1;
    sum = combine(sum, 1, { value: row.value, standardError: row.standardError, degreesOfFreedom }, 1);
  }
  return { ...sum, value: sum.value / side.length, standardError: sum.standardError / side.length };
}

/** Two independent estimates: variances add; the ratio's error by the delta method. */
export function unpaired(a: Estimate, b: Estimate, row: ResultRow): Compared {
  const difference = combine(b, 1, a, -1);
  // harm = ±(b − a)/|a|; d(b/a) = db/a − b·da/a².
  const ratio = combine(b, 1 / a.value, a, -b.value / (a.value * a.value));
  const harm = { ...ratio, value: (harmSign(row) * difference.value) / Math.abs(a.value) };
  return {
    status: "compared",
    basis: "same-weights",
    pairing: "unpaired",
    base: a.value,
    found: b.value,
    difference,
    harm: isFarFromZero(a) ? harm : null,
    identical: b.value === a.value,
    reason: isFarFromZero(a) ? "unpaired" : NEAR_ZERO,
  };
}

const NO_ERROR = "the metric states no error";
export const NEAR_ZERO =
  "the baseline's value is within its error of zero, so a relative change has no bound";

/** Fieller's condition (1954) for a ratio to have a bounded interval: its denominator differs from zero. */
const isFarFromZero = (base: Estimate): boolean => Math.abs(base.value) > 2.1 * base.standardError;

export function resampled(pairs: readonly (readonly [Drawn, Drawn])[]): Compared {
  const a = pairs.map(([base]) => base);
  const b = pairs.map(([, found]) => found);
  const row = b[0]!.row;
  const identical = pairs.every(([base, found]) => base.row.value === found.row.value);
  const same = { base: meanValue(a), found: meanValue(b), identical };
  const [leftOutA, leftOutB] = pairedGroups(pairs) ? [meanGroups(a), meanGroups(b)] : [null, null];
  if (leftOutA !== null && leftOutB !== null) return { ...paired(a, b, leftOutA, leftOutB), ...same };
  const [own, other] = [ownEstimate(a), ownEstimate(b)];
  if (own !== null && other !== null) return { ...unpaired(own, other, row), ...same };
  return unjudged("same-weights", same, NO_ERROR);
}

/** A difference whose error is not known. */
export function unjudged(
  basis: "same-weights" | "retrained",
  values: Pick<Compared, "base" | "found" | "identical">,
  reason: string,
): Compared {
  return { status: "compared", basis, pairing: "unpaired", ...values, difference: null, harm: null, reason };
}

/** Whether every pair drew the same seeds and has as many delete-group values as the others. */
function pairedGroups(pairs: readonly (readonly [Drawn, Drawn])[]): boolean {
  const groups = pairs[0]![0].row.deleteGroup?.length ?? 0;
  return (
    groups >= 2 &&
    pairs.every(
      ([a, b]) =>
        a.entry.seeds !== null &&
        a.entry.seeds === b.entry.seeds &&
        a.row.deleteGroup?.length === groups &&
        b.row.deleteGroup?.length === groups,
    )
  );
}

/** The mean metric of a side with group g of every run left out. */
function meanGroups(side: readonly Drawn[]): number[] {
  return side[0]!.row.deleteGroup!.map((_, g) => mean(side.map(({ row }) => row.deleteGroup![g]!)));
}

/** Group by group: what the two draws share cancels in the difference and in the ratio. */
function paired(
  a: readonly Drawn[],
  b: readonly Drawn[],
  leftOutA: readonly number[],
  leftOutB: readonly number[],
): Compared {
  const [base, found] = [meanValue(a), meanValue(b)];
  const row = b[0]!.row;
  const degreesOfFreedom = leftOutA.length - 1;
  const differences = leftOutA.map((value, g) => leftOutB[g]! - value);
  const ratios = leftOutA.map((value, g) => (harmSign(row) * (leftOutB[g]! - value)) / Math.abs(value));
  const bounded = isFarFromZero({ value: base, standardError: jackknifeError(leftOutA), degreesOfFreedom });
  return {
    status: "compared",
    basis: "same-weights",
    pairing: "paired",
    base,
    found,
    difference: { value: found - base, standardError: jackknifeError(differences), degreesOfFreedom },
    harm: bounded
      ? {
          value: (harmSign(row) * (found - base)) / Math.abs(base),
          standardError: jackknifeError(ratios),
          degreesOfFreedom,
        }
      : null,
    identical: found === base,
    reason: bounded ? `paired over ${leftOutA.length} seed groups` : NEAR_ZERO,
  };
}
