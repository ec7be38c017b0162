/** What the gate found, the worst first. */
import { metricLabel, type Result, type Verdict } from "../harness/result.ts";
import { arrow, quantity } from "./format.ts";
import { rowOf } from "./metric-table.ts";
import { escaped, table } from "./text.ts";

const MARKS: Record<Verdict["status"], string> = {
  missing: "❌ missing",
  worse: "❌ worse",
  "target-missed": "❌ target missed",
  incomparable: "⚠ incomparable",
  unclear: "❓ unclear",
  new: "🆕 new",
  ok: "✅ ok",
};

const ORDER = Object.keys(MARKS);

/** Why a run that was asked for no gate has no verdict: not worth a line of its own. */
export const NO_GATES = "no gates in the config";

export const GATE_MARKS: Record<Result["gate"]["status"], string> = {
  passed: "✅ Gate passed",
  failed: "❌ Gate failed",
  unclear: "❓ Gate unclear",
  none: "No gate",
};

const isFine = ({ status }: Verdict): boolean => status === "ok" || status === "new";

export function verdicts(result: Result): string {
  const line = `**${GATE_MARKS[result.gate.status]}**: ${escaped(result.gate.reason)}`;
  const passed = result.verdicts.filter(isFine);
  const others = result.verdicts
    .filter((one) => !passed.includes(one))
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const folded = `<details><summary>${passed.length} within limits or new</summary>\n\n${verdictTable(result, passed)}\n\n</details>`;
  return [
    line,
    ...(others.length > 0 ? [verdictTable(result, others)] : []),
    ...(passed.length > 0 ? [folded] : []),
  ].join("\n\n");
}

function verdictTable(result: Result, chosen: readonly Verdict[]): string {
  const columns = [
    { head: "" },
    { head: "Metric" },
    { head: "Entry" },
    { head: "Baseline", align: "right" as const },
    { head: "Now", align: "right" as const },
    { head: "Limit" },
    { head: "Why" },
  ];
  const lines = chosen.map((one) => {
    const row = rowOf(result, one.entry, one.metric);
    const unit = row?.unit ?? "";
    return [
      `${MARKS[one.status]}${one.level === "warn" && !isFine(one) ? " (warning)" : ""}`,
      `${escaped(metricLabel(one.metric, result.run.features))}${arrow(row?.direction ?? "none")}`,
      escaped(one.entry),
      escaped(quantity({ value: one.base, unit })),
      escaped(quantity({ value: one.found, unit })),
      escaped(one.limit),
      escaped(one.reason),
    ];
  });
  return table(columns, lines);
}
