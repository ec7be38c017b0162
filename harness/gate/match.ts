/** Which gate covers which row. */
import { UserError } from "../errors.ts";
import { metricFamily, type ResultEntry, type ResultRow } from "../result.ts";
import { suggestion } from "../suggest.ts";
import type { Measured } from "./comparable.ts";
import type { GateRule, Gates } from "./schema.ts";

export interface Gated {
  readonly entry: string;
  readonly metric: string;
  readonly level: "error" | "warn";
  readonly rule: GateRule;
}

/**
 * Yardsticks are not gated: they say how good the others are, not whether anything changed. Nor are rows sampled again: they
 * are many of one training, and their guidance may be chosen otherwise.
 */
const isGated = ({ kind }: ResultEntry): boolean => kind === "model" || kind === "reconstruction";

/** The rows that gates may cover. */
export function gatedRows(measured: Measured): ResultRow[] {
  const names = new Set(measured.run.entries.filter(isGated).map(({ name }) => name));
  return measured.results.filter((row) => names.has(row.entry));
}

/** Own keys only: a metric may be called "constructor". */
const ruleOf = (gates: Gates, name: string): Gates[string] | undefined =>
  Object.hasOwn(gates, name) ? gates[name] : undefined;

/**
 * Every pair of entry and metric that a gate covers, once each, in the order of the runs.
 * @throws UserError on a metric that is never to be gated or has no better side
 */
export function matchGates(gates: Gates, runs: readonly Measured[]): Gated[] {
  const matched = new Map<string, Gated>();
  for (const measured of runs)
    for (const row of gatedRows(measured)) {
      const [level, rule] =
        ruleOf(gates, row.metric) ?? ruleOf(gates, metricFamily(row.metric, measured.run.features)) ?? [];
      if (level === undefined || level === "off" || rule === undefined) continue;
      checkGateable(row, rule);
      const { entry, metric } = row;
      matched.set(JSON.stringify([entry, metric]), { entry, metric, level, rule });
    }
  return [...matched.values()];
}

/** @throws UserError naming a gate that covers no row, and the nearest name that would */
export function checkGateNames(gates: Gates, runs: readonly Measured[]): void {
  const names = new Set(
    runs.flatMap((measured) =>
      gatedRows(measured).flatMap(({ metric }) => [metric, metricFamily(metric, measured.run.features)]),
    ),
  );
  const unknown = Object.keys(gates).find((gate) => !names.has(gate));
  if (unknown !== undefined)
    throw new UserError(
      `gates: no row of the result has the metric "${unknown}"`,
      suggestion(unknown, [...names].sort()),
    );
}

function checkGateable(row: ResultRow, rule: GateRule): void {
  if (row.notGated !== undefined)
    throw new UserError(`gates: "${row.metric}" is never gated: ${row.notGated}`, "remove this gate");
  if ("maxWorse" in rule && row.direction === "none")
    throw new UserError(
      `gates: "${row.metric}" has no better side, so maxWorse says nothing of it`,
      "use { equal: true }, { max: … } or { min: … }",
    );
}
