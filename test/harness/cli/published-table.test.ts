import { expect, test } from "vitest";
import { told } from "../../../harness/cli/published-table.ts";
import {
  conflictsOf,
  levelOf,
  otherEvaluator,
  published,
  samplingMacs,
} from "../../../harness/references/published.ts";

const rows = published().results.map((row) => ({
  ...row,
  level: levelOf(row),
  samplingMacs: samplingMacs(row),
  conflicts: conflictsOf(row.id),
  evaluator: otherEvaluator(row),
}));

/** The table's lines: those before the first empty one. */
const tableOf = (text: string): string[] => text.slice(0, text.indexOf("\n\n")).split("\n");

test("on a terminal every row fits 100 columns, and says what it leaves out", () => {
  const text = told(rows, false);
  const lines = tableOf(text);
  expect(lines).toHaveLength(1 + rows.length);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  expect(lines[0]).toMatch(/^model +px +setting +FID +IS +NFE +M params +TMAC +sources$/);
  expect(text).toContain("--wide shows all");
  // No footnote of a column that is not there.
  expect(text).not.toMatch(/^a: MACs/m);
  expect(lines.some((line) => line.includes("…"))).toBe(true);
});

test("wide, every column in full", () => {
  const lines = tableOf(told(rows, true));
  expect(lines[0]).toMatch(/sFID.*GMAC a call.*epochs +level +sources$/);
  expect(lines.some((line) => line.includes("…"))).toBe(false);
  for (const { setting } of rows) expect(lines.some((line) => line.includes(setting))).toBe(true);
});
