/**
 * One metric of one entry against its baseline. Either the weights are the same and only the draw of
 * samples and the code after training differ, or they were trained anew: then a jackknife error says
 * nothing about the difference, and only the spread between training seeds does.
 */
import { metricKind, type ResultRow } from "../result.ts";
import { type Measurement, whyIncomparable } from "./comparable.ts";
import {
  type Compared,
  harmSign,
  meanValue,
  NEAR_ZERO,
  ownEstimate,
  resampled,
  unjudged,
  unpaired,
} from "./draws.ts";
import { type Estimate, exactly, meanOfRepetitions } from "./estimate.ts";

interface Incomparable {
  readonly status: "incomparable";
  readonly base: number;
  readonly found: number;
  readonly reason: string;
}

/** Training seeds a side needs before a difference between retrained models can be judged. */
const LEAST_TRAINING_SEEDS = 3;

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
