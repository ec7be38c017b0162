import fc from "fast-check";
import { expect, test } from "vitest";
import { resultSchema } from "../../harness/result.ts";
import { terminal, wantsColor } from "../../reports/terminal.ts";
import { arbitrary } from "../fixtures/arbitrary.ts";
import { fixtureResult, probeRow } from "../fixtures/result.ts";

const PLAIN = { color: false, width: 100, reportPath: "out/report.md" };
const ESCAPE = String.fromCharCode(27);
const tableOf = (text: string): string[] => text.split("\n\n")[1]!.split("\n");

test("the table has the key metrics of the models and fits 100 columns", () => {
  const lines = tableOf(terminal(fixtureResult(), PLAIN));
  expect(lines[0]!.trim().split(/ {2,}/)).toEqual([
    "FD ↓",
    "KID ↓",
    "P / R ↑",
    "class acc. ↑",
    "NFE",
    "images/s ↑",
    "training",
  ]);
  expect(lines[1]!.split(/ {2,}/)).toEqual([
    "EPG, Heun 16",
    "61 ± 2",
    "0.041 ± 0.002",
    "0.62 / 0.31",
    "0.71 ± 0.02",
    "31",
    "38.4",
    "80.2 TFLOP",
  ]);
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
});

test("long names wrap, and errors go before the table grows too wide", () => {
  const result = fixtureResult();
  const long = "a long name of an entry that somebody wrote with care";
  result.run.entries[0]!.name = long;
  for (const row of result.results) {
    if (row.entry === "EPG, Heun 16") row.entry = long;
    if (row.metric.startsWith("fd")) Object.assign(row, { value: 123456.789, standardError: 0.001 });
    if (row.metric.startsWith("kid")) Object.assign(row, { value: 123456.789, standardError: 0.001 });
  }
  const lines = tableOf(terminal(result, PLAIN));
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  expect(lines.join("\n")).not.toContain("±");
  expect(
    lines
      .map((line) => line.slice(0, 30))
      .join(" ")
      .replace(/\s+/g, " "),
  ).toContain("somebody");
});

test("a wider terminal shows the errors of precision, recall and throughput too", () => {
  const [, line] = tableOf(terminal(fixtureResult(), { ...PLAIN, width: 140 }));
  expect(line!.match(/±/g)).toHaveLength(6);
  expect(line).toMatch(/ 0\.62 ± 0\.\d+ \/ 0\.31 ± 0\.\d+ /);
  expect(line).toMatch(/ 38\.4 ± 0\.8 /);
});

test("names are broken between words, and inside one only where it is longer than its line", () => {
  const named = (name: string): string => {
    const result = fixtureResult();
    result.run.entries[0]!.name = name;
    const names = tableOf(terminal(result, PLAIN)).map((line) => line.slice(0, 24).trim());
    return names.slice(1, -2).join("|");
  };
  expect(named("EPG, Heun 16 (shipped, 14780 steps)")).toMatch(
    /^EPG, Heun 16( |\|)\(shipped,( |\|)14780( |\|)steps\)/,
  );
  const word = "anEntryNameWithoutAnySpaceThatIsLongerThanItsColumn";
  expect(named(word).replaceAll("|", "")).toContain(word);
});

test("after it come failures, the sentence, the gate's verdict and the report's path", () => {
  const result = fixtureResult();
  result.gate = { status: "failed", reason: "1 worse" };
  Object.assign(result.run.entries[1]!, { status: "failed", failure: "out of memory" });
  const text = terminal(result, PLAIN);
  const order = [
    '"EPG, one step" failed: out of memory',
    "is ahead on KID",
    "❌ Gate failed: 1 worse",
    "Report: out/report.md",
  ];
  const places = order.map((part) => text.indexOf(part));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(terminal(fixtureResult(), { ...PLAIN, reportPath: null })).not.toMatch(/Gate|Report:/);
});

test("a probed encoder has a line, with its yardstick", () => {
  expect(terminal(fixtureResult(), PLAIN)).not.toContain("encoder");
  const result = fixtureResult();
  result.results.push(probeRow);
  expect(terminal(result, PLAIN)).toContain(
    '"EPG, Heun 16", encoder: kNN accuracy 0.610 ± 0.028 (untrained encoder: 0.44)',
  );
});

test("no colour without a terminal or with NO_COLOR", () => {
  expect(wantsColor({}, true)).toBe(true);
  expect(wantsColor({ NO_COLOR: "1" }, true)).toBe(false);
  expect(wantsColor({ NO_COLOR: "" }, true)).toBe(true);
  expect(wantsColor({}, false)).toBe(false);
  expect(terminal(fixtureResult(), PLAIN)).not.toContain(ESCAPE);
  expect(terminal(fixtureResult(), { ...PLAIN, color: true })).toContain(ESCAPE);
});

test("any valid result is shown, without holes and without control sequences of its own", () => {
  fc.assert(
    fc.property(arbitrary(resultSchema), (result) => {
      const text = terminal(resultSchema.parse(result), PLAIN);
      expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
      expect(text).not.toContain(ESCAPE);
    }),
    { numRuns: 200 },
  );
});
