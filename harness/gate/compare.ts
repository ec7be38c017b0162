/**
 * One metric of one entry against its baseline. Either the weights are the same and only the draw of
 * samples and the code after training differ, or they were trained anew: then a jackknife error says
 * nothing about the difference, and only the spread between training seeds does.
 */
import { metricKind, type ResultRow } from "../result.ts";
import { type Measurement, whyIncomparable } from "./comparable.ts";
import { combine, type Estimate, exactly, jackknifeError, mean, meanOfRepetitions } from "./estimate.ts";

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

export interface Incomparable {
  readonly status: "incomparable";
  readonly base: number;
  readonly found: number;
  readonly reason: string;
}

/** Training seeds a side needs before a difference between retrained models can be judged. */
export const LEAST_TRAINING_SEEDS = 3;

/**
 * Compares the runs of a baseline with new ones (several runs a side are training seeds of one recipe).
 * @param base at least one
 * @param found at least one
 */
export function compareWithBaseline(
  base: readonly Measurement[],
  found: readonly Measurement[],
): Compared | Incomparable {
  const values = { base: meanValue(base), found: meanValue(found) };
  const mismatch = whyIncomparable(base, found);
  if (mismatch !== null) return { status: "incomparable", ...values, reason: mismatch };
  const kind = metricKind(found[0]!.row.metric);
  if (kind === "count") return counted(base, found);
  if (kind === "machine") return machine(base, found);
  const pairs = sameWeights(base, found);
  return pairs === null ? retrained(base, found) : resampled(pairs);
}

const meanValue = (side: readonly Measurement[]): number => mean(side.map(({ row }) => row.value));

/** +1 where more is worse. */
export const harmSign = (row: ResultRow): number => (row.direction === "higher" ? -1 : 1);

/** Relative change of an exactly known value; from a base of zero any harm is infinite. */
function exactHarm(base: number, found: number, row: ResultRow): Estimate {
  return exactly(found === base ? 0 : (harmSign(row) * (found - base)) / Math.abs(base));
}

/** Counts have no error; of several runs the one farthest from the baseline speaks. */
function counted(base: readonly Measurement[], found: readonly Measurement[]): Compared {
  const reference = base[0]!.row.value;
  const farthest = [...found, ...base].reduce((a, b) =>
    Math.abs(b.row.value - reference) > Math.abs(a.row.value - reference) ? b : a,
  );
  return exact(reference, farthest.row.value, farthest.row, "counted, without error");
}

function exact(base: number, found: number, row: ResultRow, reason: string): Compared {
  return {
    status: "compared",
    basis: "exact",
    pairing: "exact",
    base,
    found,
    difference: exactly(found - base),
    harm: exactHarm(base, found, row),
    identical: found === base,
    reason,
  };
}

function machine(base: readonly Measurement[], found: readonly Measurement[]): Compared {
  const [a, b] = [ownEstimate(base), ownEstimate(found)];
  if (a === null || b === null)
    return exact(meanValue(base), meanValue(found), found[0]!.row, "measured once: its error is not known");
  return { ...unpaired(a, b, found[0]!.row), basis: "exact", reason: "measured on the same kind of machine" };
}

/** The mean of a side with the errors its rows state; null where one states none. */
export function ownEstimate(side: readonly Measurement[]): Estimate | null {
  let sum: Estimate = exactly(0);
  for (const { row } of side) {
    if (row.standardError === null) return null;
    const groups = row.deleteGroup?.length;
    const degreesOfFreedom = groups === undefined || groups < 2 ? Number.POSITIVE_INFINITY : groups - 1;
    sum = combine(sum, 1, { value: row.value, standardError: row.standardError, degreesOfFreedom }, 1);
  }
  return { ...sum, value: sum.value / side.length, standardError: sum.standardError / side.length };
}

/** Two independent estimates: variances add; the ratio's error by the delta method. */
function unpaired(a: Estimate, b: Estimate, row: ResultRow): Compared {
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

const NEAR_ZERO = "the baseline's value is within its error of zero, so a relative change has no bound";

/** Fieller's condition (1954) for a ratio to have a bounded interval: its denominator differs from zero. */
const isFarFromZero = (base: Estimate): boolean => Math.abs(base.value) > 2.1 * base.standardError;

/**
 * The measurements whose weights occur on both sides, matched; null if one of the new has no match.
 * Without weights on either side (images from elsewhere) equal seeds stand for the same source.
 */
function sameWeights(
  base: readonly Measurement[],
  found: readonly Measurement[],
): (readonly [Measurement, Measurement])[] | null {
  const pairs: (readonly [Measurement, Measurement])[] = [];
  for (const b of found) {
    const a = base.find(({ entry }) =>
      b.entry.weights === null && entry.weights === null
        ? b.entry.seeds !== null && entry.seeds === b.entry.seeds
        : entry.weights === b.entry.weights,
    );
    if (a === undefined) return null;
    pairs.push([a, b]);
  }
  return pairs;
}

function resampled(pairs: readonly (readonly [Measurement, Measurement])[]): Compared {
  const a = pairs.map(([base]) => base);
  const b = pairs.map(([, found]) => found);
  const row = b[0]!.row;
  const identical = pairs.every(([base, found]) => base.row.value === found.row.value);
  const same = { base: meanValue(a), found: meanValue(b), identical };
  const [leftOutA, leftOutB] = pairedGroups(pairs) ? [meanGroups(a), meanGroups(b)] : [null, null];
  if (leftOutA !== null && leftOutB !== null) return { ...paired(a, b, leftOutA, leftOutB), ...same };
  const [own, other] = [ownEstimate(a), ownEstimate(b)];
  if (own !== null && other !== null) return { ...unpaired(own, other, row), ...same };
  return unjudged("same-weights", same, "the metric states no error");
}

/** A difference whose error is not known. */
function unjudged(
  basis: "same-weights" | "retrained",
  values: Pick<Compared, "base" | "found" | "identical">,
  reason: string,
): Compared {
  return { status: "compared", basis, pairing: "unpaired", ...values, difference: null, harm: null, reason };
}

/** Whether every pair drew the same seeds and has as many delete-group values as the others. */
function pairedGroups(pairs: readonly (readonly [Measurement, Measurement])[]): boolean {
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
function meanGroups(side: readonly Measurement[]): number[] {
  return side[0]!.row.deleteGroup!.map((_, g) => mean(side.map(({ row }) => row.deleteGroup![g]!)));
}

/** Group by group: what the two draws share cancels in the difference and in the ratio. */
function paired(
  a: readonly Measurement[],
  b: readonly Measurement[],
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

/** Each training seed counts once, however often its result was given. */
export function distinctTrainings(side: readonly Measurement[]): readonly Measurement[] {
  return [...new Map(side.map((one) => [one.entry.weights ?? one.measured.run.id, one])).values()];
}

function retrained(base: readonly Measurement[], found: readonly Measurement[]): Compared {
  const [a, b] = [distinctTrainings(base), distinctTrainings(found)];
  const values = { base: meanValue(a), found: meanValue(b) };
  const same = { ...values, identical: values.base === values.found };
  if (Math.min(a.length, b.length) < LEAST_TRAINING_SEEDS) {
    const seeds = `${a.length} training ${a.length === 1 ? "seed" : "seeds"} in the baseline, ${b.length} now`;
    return unjudged(
      "retrained",
      same,
      `trained anew, and at least ${LEAST_TRAINING_SEEDS} training seeds a side are needed to tell a change from the spread between trainings (${seeds})`,
    );
  }
  const [own, other] = [a, b].map((side) => meanOfRepetitions(side.map(({ row }) => row.value)));
  const compared = unpaired(own!, other!, found[0]!.row);
  const reason = compared.harm === null ? NEAR_ZERO : `${a.length} training seeds against ${b.length}`;
  return { ...compared, ...same, basis: "retrained", reason };
}
