/** Compares the entries of one run with each other, and says in one sentence who is ahead on what. */
import { type Comparison, metricFamily, metricKind, metricLabel, type Result } from "../result.ts";
import { compareDraws, type Drawn } from "./draws.ts";
import { finiteInterval, significant } from "./estimate.ts";

/** The parts of a run that have to be known before its comparisons are. */
export interface Scored {
  readonly results: Result["results"];
  readonly run: Pick<Result["run"], "entries" | "features" | "featureDims">;
}

/** The metrics that the summary speaks of, in order of weight; FD only where it is not mostly bias. */
const HEADLINES = ["fd", "kid", "precision", "recall", "class-accuracy", "throughput"];

/** `comparisons` and `run.summary` of a result. */
export function compareEntries(scored: Scored): { comparisons: Comparison[]; summary: string } {
  const comparisons = comparedMetrics(scored).flatMap((metric) => {
    const drawn = drawnOf(scored, metric);
    return drawn.flatMap((base, i) =>
      drawn
        .slice(i + 1)
        .filter(({ row }) => row.n === base.row.n && row.convention === base.row.convention)
        .map((found) => comparisonOf(base, found, metricLabel(metric, scored.run.features))),
    );
  });
  return { comparisons, summary: summarise(scored, comparisons) };
}

/** The scores of the run, and what its machine took for them where an error is known. */
function comparedMetrics({ results }: Scored): string[] {
  const compared = results.filter(
    (row) =>
      row.direction !== "none" &&
      row.notGated === undefined &&
      (metricKind(row.metric) === "score" || row.standardError !== null),
  );
  return [...new Set(compared.map(({ metric }) => metric))];
}

/** The values of a metric that the run's models have, in the run's order. */
function drawnOf({ results, run }: Scored, metric: string): Drawn[] {
  return run.entries
    .filter(({ kind, status }) => kind === "model" && status === "ok")
    .flatMap((entry) => {
      const row = results.find((one) => one.entry === entry.name && one.metric === metric);
      return row === undefined || row.value === null ? [] : [{ entry, row: { ...row, value: row.value } }];
    });
}

function comparisonOf(base: Drawn, found: Drawn, label: string): Comparison {
  const compared = compareDraws(base, found);
  const exceeds = compared.difference !== null && significant(compared.difference);
  return {
    metric: found.row.metric,
    base: base.entry.name,
    entry: found.entry.name,
    difference: finite(found.row.value - base.row.value),
    standardError: finite(compared.difference?.standardError),
    relativeHarm: finite(compared.harm?.value),
    interval: compared.harm === null ? null : finiteInterval(compared.harm),
    pairing: compared.pairing,
    significant: exceeds,
    sentence: sentenceOf(base, found, label, compared.difference === null ? null : exceeds),
  };
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

function sentenceOf(base: Drawn, found: Drawn, label: string, exceeds: boolean | null): string {
  if (base.row.value === found.row.value)
    return `${label} is the same for "${base.entry.name}" and "${found.entry.name}".`;
  const [first, second] = isBetter(found, base) ? [found, base] : [base, found];
  const error = {
    true: "by more than the error",
    false: "by less than the error",
    null: "by an amount whose error is not known",
  };
  return `"${first.entry.name}" is ahead of "${second.entry.name}" on ${label} ${error[`${exceeds}`]}.`;
}

const isBetter = (a: Drawn, b: Drawn): boolean =>
  a.row.direction === "higher" ? a.row.value > b.row.value : a.row.value < b.row.value;

/** What one entry leads on, beyond the error against every other entry or not. */
interface Lead {
  beyond: string[];
  within: string[];
}

function summarise(scored: Scored, comparisons: readonly Comparison[]): string {
  const models = scored.run.entries.filter(({ kind }) => kind === "model");
  const finished = models.filter(({ status }) => status === "ok");
  if (finished.length === 0) return "No entry finished, so there is nothing to compare.";
  if (finished.length === 1)
    return `"${finished[0]!.name}" stands alone: there is no other entry to compare it with.`;
  const leads = new Map<string, Lead>();
  for (const metric of headlineMetrics(scored, comparisons)) {
    const [leader, ...others] = drawnOf(scored, metric).sort((a, b) => (isBetter(a, b) ? -1 : 1));
    if (leader === undefined || others.length === 0 || !isBetter(leader, others[0]!)) continue;
    const name = leader.entry.name;
    const lead = leads.get(name) ?? { beyond: [], within: [] };
    const beyond = others.every(({ entry }) => isSignificant(comparisons, metric, name, entry.name));
    lead[beyond ? "beyond" : "within"].push(metricLabel(metric, scored.run.features));
    leads.set(name, lead);
  }
  if (leads.size === 0) return "No metric tells the entries apart.";
  const clauses = [...leads].map(([name, lead]) => `"${name}" is ahead ${leadText(lead)}`);
  return `${clauses.join("; ")} (errors cover the draw of samples, not training).`;
}

/** Compared metrics of the headline families; FD only where n ≥ 5·dims, since below most of it is bias. */
function headlineMetrics(scored: Scored, comparisons: readonly Comparison[]): string[] {
  const { features, featureDims } = scored.run;
  const metrics = [...new Set(comparisons.map(({ metric }) => metric))];
  const isMostlyBias = (metric: string): boolean =>
    drawnOf(scored, metric).some(({ row }) => row.n === null || row.n < 5 * featureDims);
  return HEADLINES.flatMap((family) =>
    metrics.filter(
      (metric) => metricFamily(metric, features) === family && !(family === "fd" && isMostlyBias(metric)),
    ),
  );
}

function isSignificant(comparisons: readonly Comparison[], metric: string, a: string, b: string): boolean {
  const pair = new Set([a, b]);
  return comparisons.some(
    (one) => one.metric === metric && pair.has(one.base) && pair.has(one.entry) && one.significant,
  );
}

function leadText({ beyond, within }: Lead): string {
  const parts = [];
  if (beyond.length > 0) parts.push(`on ${list(beyond)} by more than the error`);
  if (within.length > 0) parts.push(`on ${list(within)} by less than the error`);
  return parts.join(" and ");
}

/** "a, b and c". */
const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
