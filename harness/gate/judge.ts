/** What a rule says of a metric: worse, ok or unclear, by a one-sided test at `ALPHA`. */
import type { ResultEntry, Verdict } from "../result.ts";
import type { Measurement } from "./comparable.ts";
import { compareWithBaseline, distinctTrainings } from "./compare.ts";
import { type Compared, ownEstimate } from "./draws.ts";
import {
  ALPHA,
  type Estimate,
  exactly,
  exceedanceP,
  finiteInterval,
  interval,
  mean,
  meanOfRepetitions,
} from "./estimate.ts";
import { tolerance } from "./schema.ts";

/** A verdict's parts that depend on the measurements, and the p-value it rests on. */
export interface Judgement
  extends Pick<Verdict, "status" | "base" | "found" | "comparison" | "interval" | "reason"> {
  /** Of "the limit is kept"; null where nothing was tested. */
  readonly p: number | null;
}

/** `found` against an absolute target: the mean of its training seeds, judged with its error. */
export function judgeTarget(
  found: readonly Measurement[],
  rule: { max: number } | { min: number },
): Judgement {
  const trainings = distinctTrainings(found);
  const values = trainings.map(({ row }) => row.value);
  const estimate =
    trainings.length > 1 ? meanOfRepetitions(values) : (ownEstimate(found) ?? exactly(mean(values)));
  const [sign, limit] = "max" in rule ? [1, rule.max] : [-1, rule.min];
  const status = standing({ ...estimate, value: sign * estimate.value }, sign * limit, "target-missed");
  const [low, high] = interval(estimate);
  const range = estimate.standardError === 0 ? "" : ` (95 % interval ${short(low)} … ${short(high)})`;
  const verb = { ok: "keeps", unclear: "may or may not keep", "target-missed": "misses", worse: "misses" }[
    status
  ];
  return {
    status,
    base: null,
    found: estimate.value,
    comparison: null,
    interval: finiteInterval(estimate),
    reason: `${short(estimate.value)}${range} ${verb} the target of ${sign > 0 ? "at most" : "at least"} ${limit}`,
    p: exceedanceP({ ...estimate, value: sign * estimate.value }, sign * limit),
  };
}

/** `found` against the baseline's measurements of the same entry and metric. */
export function judgeChange(
  base: readonly Measurement[],
  found: readonly Measurement[],
  rule: { maxWorse: string } | { equal: true },
): Judgement {
  const judgement = changeUnder(base, found, rule);
  const cause = judgement.status === "ok" ? "" : samplingChange(base[0]!.entry, found[0]!.entry);
  return { ...judgement, reason: judgement.reason + cause };
}

/** "; sampling changed: steps 16 → 2", the likeliest cause of a difference. */
function samplingChange({ sampling: before }: ResultEntry, { sampling: now }: ResultEntry): string {
  const changes = [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((key) => before[key] !== now[key])
    .map((key) => `${key} ${before[key] ?? "unset"} → ${now[key] ?? "unset"}`);
  return changes.length === 0 ? "" : `; sampling changed: ${changes.join(", ")}`;
}

function changeUnder(
  base: readonly Measurement[],
  found: readonly Measurement[],
  rule: { maxWorse: string } | { equal: true },
): Judgement {
  const compared = compareWithBaseline(base, found);
  const values = { base: compared.base, found: compared.found };
  if (compared.status === "incomparable")
    return {
      ...values,
      status: "incomparable",
      comparison: null,
      interval: null,
      reason: compared.reason,
      p: null,
    };
  const common = { ...values, comparison: compared.basis };
  if (compared.identical)
    return { ...common, status: "ok", interval: [0, 0], reason: "no difference", p: null };
  if ("equal" in rule) {
    const reason = `${short(compared.found)} is not equal to the baseline's ${short(compared.base)}`;
    return { ...common, status: "worse", interval: null, reason, p: null };
  }
  if (compared.harm === null)
    return { ...common, status: "unclear", interval: null, reason: compared.reason, p: null };
  return { ...common, ...withinTolerance(compared, compared.harm, tolerance(rule.maxWorse)) };
}

function withinTolerance(
  compared: Compared,
  harm: Estimate,
  limit: number,
): Pick<Judgement, "status" | "interval" | "reason" | "p"> {
  const status = standing(harm, limit, "worse");
  const [low, high] = interval(harm);
  const range = harm.standardError === 0 ? "" : ` (95 % interval ${percent(low)} … ${percent(high)})`;
  return {
    status,
    interval: finiteInterval(harm),
    reason: `${changeText(harm.value)}${range}; ${compared.reason}`,
    p: exceedanceP(harm, limit),
  };
}

/** Beyond the limit with its whole interval, within it, or neither. */
function standing<Breach extends string>(
  estimate: Estimate,
  limit: number,
  breach: Breach,
): Breach | "ok" | "unclear" {
  if (exceedanceP(estimate, limit) <= ALPHA) return breach;
  if (estimate.standardError === 0) return "ok";
  return interval(estimate)[1] < limit ? "ok" : "unclear";
}

/** The harm of `found`, told in words: "12.3 % worse". */
function changeText(harm: number): string {
  if (!Number.isFinite(harm))
    return harm > 0 ? "worse than a baseline of zero" : "better than a baseline of zero";
  return `${short(Math.abs(100 * harm), 3)} % ${harm > 0 ? "worse" : "better"}`;
}

const percent = (share: number): string => `${share < 0 ? "−" : "+"}${short(Math.abs(100 * share), 3)} %`;
const short = (value: number, digits = 6): string => String(Number(value.toPrecision(digits)));
