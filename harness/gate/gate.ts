/** Judges results against a baseline and absolute targets: verdicts, a status and an exit code. */
import { EXIT, UserError } from "../errors.ts";
import { metricKind, type Result, type Verdict } from "../result.ts";
import type { Baseline } from "./baseline.ts";
import type { Measured, Measurement } from "./comparable.ts";
import { ALPHA, holm } from "./estimate.ts";
import { type Judgement, judgeChange, judgeTarget } from "./judge.ts";
import { checkGateNames, type Gated, matchGates } from "./match.ts";
import { type Gates, ruleText } from "./schema.ts";
import { checkSameRecipes } from "./seeds.ts";

export interface GateOptions {
  /** In place of the gates of the baseline file. */
  readonly gates?: Gates;
  /** Whether an unclear verdict at level error fails the gate (exit 21); "warn" by default. */
  readonly onInconclusive?: "warn" | "fail";
  /** Whether a missing or incomparable baseline fails the gate (exit 23). */
  readonly requireBaseline?: boolean;
}

export interface GateOutcome {
  readonly verdicts: Verdict[];
  readonly status: Result["gate"]["status"];
  /** One sentence. */
  readonly reason: string;
  readonly exitCode: number;
}

/**
 * @param results one run, or several runs of the same recipes with other training seeds
 * @param baseline null: only absolute targets are judged
 * @throws UserError on gates that match nothing and on a baseline of another feature extractor
 */
export function gate(
  results: Result | readonly Result[],
  baseline: Baseline | null,
  options: GateOptions = {},
): GateOutcome {
  const found: readonly Result[] = "run" in results ? [results] : results;
  const base = baseline?.runs ?? [];
  checkSameRecipes(found);
  checkExtractor(found, base);
  const gates = options.gates ?? baseline?.gates ?? {};
  const complete = found.every(({ run }) => run.status === "complete");
  if (complete) checkGateNames(gates, [...found, ...base]);

  const judged: Judged[] = [];
  for (const gated of matchGates(gates, [...found, ...base])) {
    const judgement = judge(gated, base, found);
    if (judgement !== null) judged.push({ gated, judgement });
  }
  return conclude(correctForMany(judged), complete, baseline, options);
}

interface Judged {
  readonly gated: Gated;
  readonly judgement: Judgement;
}

function checkExtractor(found: readonly Measured[], base: readonly Measured[]): void {
  const [first, ...others] = [...found, ...base];
  const other = others.find(({ run }) => run.features !== first!.run.features);
  if (other !== undefined)
    throw new UserError(
      `run.features: the result was scored with ${first!.run.features}, the baseline with ${other.run.features}`,
      "score the run with the baseline's extractor, or save a new baseline with `epg-bench baseline save`",
    );
}

/** One gated metric; null where there is nothing to say without a baseline. */
function judge(gated: Gated, base: readonly Measured[], found: readonly Measured[]): Judgement | null {
  const now = found.map((measured) => measurement(measured, gated));
  const before = base
    .map((measured) => measurement(measured, gated))
    .filter((one) => typeof one !== "string");
  const absent = now.find((one) => typeof one === "string");
  if (absent !== undefined) return unvalued("missing", absent, meanOrNull(before));
  const values = now.filter((one) => typeof one !== "string");
  const { rule } = gated;
  if ("max" in rule || "min" in rule) return judgeTarget(values, rule);
  if (base.length === 0) return null;
  if (before.length === 0) return unvalued("new", "not in the baseline", null);
  return judgeChange(before, values, rule);
}

const meanOrNull = (side: readonly Measurement[]): number | null => side[0]?.row.value ?? null;

const unvalued = (status: "missing" | "new", reason: string, base: number | null): Judgement => ({
  status,
  base,
  found: null,
  comparison: null,
  interval: null,
  reason,
  p: null,
});

/** The measurement, or why there is none. */
function measurement(measured: Measured, { entry: name, metric }: Gated): Measurement | string {
  const entry = measured.run.entries.find((one) => one.name === name);
  if (entry === undefined) return `the entry is not in run ${measured.run.id}`;
  if (entry.status === "failed") return `the entry failed: ${entry.failure ?? "no reason given"}`;
  const row = measured.results.find((one) => one.entry === name && one.metric === metric);
  if (row === undefined) return `run ${measured.run.id} has no such row`;
  if (row.value === null) return `run ${measured.run.id} has no value for it`;
  return { measured, entry, row: { ...row, value: row.value } };
}

/**
 * Breaches at level error that stand only without Holm's correction over all tested metrics of that
 * level become unclear: twenty gates at 2.5 % each would otherwise raise a false alarm in 40 % of runs.
 */
function correctForMany(judged: readonly Judged[]): Verdict[] {
  const tested = judged.filter(({ gated, judgement }) => gated.level === "error" && judgement.p !== null);
  const stands = holm(tested.map(({ judgement }) => judgement.p!));
  const overturned = new Set(
    tested
      .filter(({ judgement }, i) => judgement.p! <= ALPHA && !stands[i])
      .map(({ judgement }) => judgement),
  );
  return judged.map(({ gated, judgement }) => {
    const { p, ...verdict } = judgement;
    const weaker = overturned.has(judgement)
      ? {
          status: "unclear" as const,
          reason: `${verdict.reason}; not beyond the limit after correction for ${tested.length} gated metrics`,
        }
      : {};
    // Another machine is nobody's regression: it can be told, not failed.
    const level =
      verdict.status === "incomparable" && metricKind(gated.metric) === "machine" ? "warn" : gated.level;
    return {
      entry: gated.entry,
      metric: gated.metric,
      level,
      limit: ruleText(gated.rule),
      ...verdict,
      ...weaker,
    };
  });
}

function conclude(
  verdicts: Verdict[],
  complete: boolean,
  baseline: Baseline | null,
  options: GateOptions,
): GateOutcome {
  const exitCode = exitCodeOf(verdicts, complete, baseline, options);
  // What could not be compared was not judged: no pass.
  const unclear = verdicts.some(
    ({ status, level }) => (status === "unclear" || status === "incomparable") && level === "error",
  );
  if (exitCode !== EXIT.ok && exitCode !== EXIT.inconclusive)
    return { verdicts, status: "failed", reason: reasonOf(verdicts, complete, baseline, exitCode), exitCode };
  if (verdicts.length === 0)
    return { verdicts, status: "none", reason: baseline === null ? "no baseline" : "no gates", exitCode };
  return {
    verdicts,
    status: unclear ? "unclear" : "passed",
    reason: reasonOf(verdicts, complete, baseline, exitCode),
    exitCode,
  };
}

/** Incomplete outranks all: what is missing might be the worst. Then what is certain, then what is not. */
function exitCodeOf(
  verdicts: readonly Verdict[],
  complete: boolean,
  baseline: Baseline | null,
  { onInconclusive, requireBaseline }: GateOptions,
): number {
  const has = (status: Verdict["status"]) =>
    verdicts.some((one) => one.level === "error" && one.status === status);
  if (!complete || has("missing")) return EXIT.incomplete;
  if (has("worse")) return EXIT.regression;
  if (has("target-missed")) return EXIT.targetMissed;
  if (requireBaseline && (baseline === null || has("incomparable"))) return EXIT.noBaseline;
  if (onInconclusive === "fail" && has("unclear")) return EXIT.inconclusive;
  return EXIT.ok;
}

const ORDER: readonly Verdict["status"][] = [
  "missing",
  "worse",
  "target-missed",
  "incomparable",
  "unclear",
  "new",
  "ok",
];

/** "1 worse, 2 unclear, 9 ok. Worse: KID of EPG …" */
function reasonOf(
  verdicts: readonly Verdict[],
  complete: boolean,
  baseline: Baseline | null,
  exitCode: number,
): string {
  const counts = ORDER.map(
    (status) => [status, verdicts.filter((one) => one.status === status).length] as const,
  )
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status.replace("-", " ")}`);
  const causes = [
    complete ? [] : ["the run is incomplete"],
    exitCode === EXIT.noBaseline && baseline === null ? ["a baseline is required and there is none"] : [],
    counts.length > 0 ? [counts.join(", ")] : [],
  ].flat();
  const worst = verdicts
    .filter(({ level, status }) => level === "error" && status !== "ok" && status !== "new")
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))[0];
  return (
    causes.join("; ") + (worst === undefined ? "" : `; ${worst.metric} of ${worst.entry}: ${worst.reason}`)
  );
}
