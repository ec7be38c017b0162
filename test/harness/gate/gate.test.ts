import { describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../harness/errors.ts";
import type { Baseline } from "../../../harness/gate/baseline.ts";
import { defaultGates } from "../../../harness/gate/baseline.ts";
import { type GateOutcome, gate } from "../../../harness/gate/gate.ts";
import type { Gates } from "../../../harness/gate/schema.ts";
import type { Result, Verdict } from "../../../harness/result.ts";
import { fixtureResult, hash, rowOf, scale } from "../../fixtures/result.ts";

const EPG = "EPG, Heun 16";
const KID: Gates = { kid: ["error", { maxWorse: "5%" }] };

function baselineOf(results: Result | Result[], gates?: Gates): Baseline {
  const runs = [results].flat();
  return { schemaVersion: 1, gates: gates ?? defaultGates(runs), runs };
}

const verdictOf = (outcome: GateOutcome, metric: string, entry = EPG): Verdict =>
  outcome.verdicts.find((one) => one.entry === entry && one.metric.startsWith(metric))!;

/** The fixture with one metric of EPG scaled, on the same weights and seeds. */
function scaled(metric: string, factor: number): Result {
  const result = fixtureResult();
  scale(rowOf(result, EPG, metric), factor);
  return result;
}

describe("exit codes", () => {
  test("0: the identical run passes, every verdict ok", () => {
    const outcome = gate(fixtureResult(), baselineOf(fixtureResult()));
    expect(outcome.verdicts.length).toBeGreaterThan(15);
    expect(new Set(outcome.verdicts.map(({ status }) => status))).toEqual(new Set(["ok"]));
    expect(outcome).toMatchObject({ exitCode: EXIT.ok, status: "passed" });
  });

  test("20: fewer sampling steps change NFE, which must be equal", () => {
    const result = fixtureResult();
    rowOf(result, EPG, "nfe").value = 3;
    result.run.entries[0]!.sampling.steps = 2;
    const outcome = gate(result, baselineOf(fixtureResult()));
    expect(outcome).toMatchObject({ exitCode: EXIT.regression, status: "failed" });
    expect(verdictOf(outcome, "nfe")).toMatchObject({ status: "worse", base: 31, found: 3, limit: "equal" });
    expect(outcome.reason).toMatch(
      /^1 worse, \d+ ok; nfe of EPG, Heun 16: 3 is not equal.*; sampling changed: steps 16 → 2$/,
    );
  });

  test("20: a score worse beyond its paired error", () => {
    const outcome = gate(scaled("kid", 1.12), baselineOf(fixtureResult(), KID));
    const verdict = verdictOf(outcome, "kid");
    expect(verdict).toMatchObject({ status: "worse", comparison: "same-weights" });
    expect(verdict.interval![0]).toBeGreaterThan(0.05);
    expect(outcome.exitCode).toBe(EXIT.regression);
  });

  test("21: unclear, only when asked to fail", () => {
    const result = fixtureResult();
    const row = rowOf(result, EPG, "kid");
    scale(row, 1.05);
    row.deleteGroup = row.deleteGroup!.map((value, g) => value + (g % 2 === 0 ? 2e-4 : -2e-4));
    const baseline = baselineOf(fixtureResult(), KID);
    expect(gate(result, baseline)).toMatchObject({ exitCode: EXIT.ok, status: "unclear" });
    const failing = gate(result, baseline, { onInconclusive: "fail" });
    expect(failing).toMatchObject({ exitCode: EXIT.inconclusive, status: "unclear" });
    expect(verdictOf(failing, "kid").status).toBe("unclear");
  });

  test("22: an absolute target missed, with no need of a baseline", () => {
    const gates: Gates = { kid: ["error", { max: 0.02 }], precision: ["warn", { min: 0.9 }] };
    const outcome = gate(fixtureResult(), null, { gates });
    expect(outcome).toMatchObject({ exitCode: EXIT.targetMissed, status: "failed" });
    expect(verdictOf(outcome, "kid")).toMatchObject({
      status: "target-missed",
      base: null,
      limit: "max 0.02",
    });
  });

  test("23: no comparable baseline, only when required", () => {
    const other = fixtureResult();
    other.run.dataset.identity = hash("other data");
    const baseline = baselineOf(other, KID);
    const outcome = gate(fixtureResult(), baseline, { requireBaseline: true });
    expect(outcome).toMatchObject({ exitCode: EXIT.noBaseline, status: "failed" });
    expect(verdictOf(outcome, "kid").reason).toContain("run.dataset.identity differs");
    expect(gate(fixtureResult(), baseline).exitCode).toBe(EXIT.ok);
    expect(gate(fixtureResult(), null, { gates: KID, requireBaseline: true }).exitCode).toBe(EXIT.noBaseline);
  });

  test("24: an incomplete run outranks a regression", () => {
    const result = scaled("kid", 2);
    result.run.status = "incomplete";
    const failed = result.run.entries.find(({ name }) => name === "VAE + DiT")!;
    failed.status = "failed";
    failed.failure = "NaN in the loss at step 812";
    const outcome = gate(result, baselineOf(fixtureResult()));
    expect(outcome).toMatchObject({ exitCode: EXIT.incomplete, status: "failed" });
    expect(verdictOf(outcome, "kid").status).toBe("worse");
    expect(verdictOf(outcome, "kid", "VAE + DiT")).toMatchObject({ status: "missing", found: null });
    expect(outcome.reason).toContain("NaN in the loss at step 812");
  });
});

describe("what is missing or new", () => {
  test.each([
    ["a null value", (result: Result) => (rowOf(result, EPG, "kid").value = null), "no value"],
    [
      "a row gone",
      (result: Result) => result.results.splice(result.results.indexOf(rowOf(result, EPG, "kid")), 1),
      "no such row",
    ],
    [
      "an entry gone",
      (result: Result) => (result.run.entries = result.run.entries.filter(({ name }) => name !== EPG)),
      "the entry is not in run",
    ],
  ])("%s fails", (_, spoil, reason) => {
    const result = fixtureResult();
    spoil(result);
    const outcome = gate(result, baselineOf(fixtureResult(), KID));
    expect(outcome.exitCode).toBe(EXIT.incomplete);
    expect(verdictOf(outcome, "kid")).toMatchObject({ status: "missing", base: 0.0412 });
    expect(verdictOf(outcome, "kid").reason).toContain(reason);
  });

  test("an entry the baseline does not know is new", () => {
    const old = fixtureResult();
    old.run.entries = old.run.entries.filter(({ name }) => name !== EPG);
    const outcome = gate(fixtureResult(), baselineOf(old, KID));
    expect(verdictOf(outcome, "kid").status).toBe("new");
    expect(outcome.exitCode).toBe(EXIT.ok);
  });

  test("gates without a baseline say so and pass", () => {
    expect(gate(fixtureResult(), null, { gates: KID })).toMatchObject({
      exitCode: EXIT.ok,
      status: "none",
      reason: "no baseline",
      verdicts: [],
    });
    expect(gate(fixtureResult(), baselineOf(fixtureResult(), {}))).toMatchObject({
      status: "none",
      reason: "no gates",
    });
  });
});

describe("which gate covers what", () => {
  test("an id outranks its family; off gates nothing; yardsticks are never gated", () => {
    const gates: Gates = {
      kid: ["error", { equal: true }],
      "kid-efficientnet-lite0": ["warn", { maxWorse: "50%" }],
    };
    const outcome = gate(scaled("kid", 1.2), baselineOf(fixtureResult(), gates));
    expect(verdictOf(outcome, "kid")).toMatchObject({ level: "warn", status: "ok", limit: "maxWorse 50%" });
    expect(outcome.verdicts.map(({ entry }) => entry)).toEqual([EPG, "EPG, one step", "VAE + DiT"]);
    const off = gate(scaled("kid", 2), baselineOf(fixtureResult(), { kid: ["off", { equal: true }] }));
    expect(off.verdicts).toEqual([]);
  });

  test("a warning never fails", () => {
    const outcome = gate(
      scaled("kid", 2),
      baselineOf(fixtureResult(), { kid: ["warn", { maxWorse: "5%" }] }),
    );
    expect(verdictOf(outcome, "kid").status).toBe("worse");
    expect(outcome.exitCode).toBe(EXIT.ok);
  });

  test.each([
    [{ kidd: ["error", { equal: true }] }, /"kidd".*/, /did you mean "kid"/],
    [{ is: ["error", { maxWorse: "5%" }] }, /never gated: the data's classes/, /remove/],
  ] as [Gates, RegExp, RegExp][])("%j is refused", (gates, problem, fix) => {
    const refused = () => gate(fixtureResult(), null, { gates });
    expect(refused).toThrow(problem);
    expect(refused).toThrow(
      expect.objectContaining({ fix: expect.stringMatching(fix), exitCode: EXIT.usage }),
    );
  });

  test("maxWorse needs a metric with a better side", () => {
    const result = fixtureResult();
    rowOf(result, EPG, "recall").direction = "none";
    expect(() => gate(result, null, { gates: { recall: ["error", { maxWorse: "5%" }] } })).toThrow(
      /no better side/,
    );
  });
});

describe("comparability", () => {
  test("a baseline of another extractor is a message of field, value and fix", () => {
    const other = fixtureResult();
    other.run.features = "inception@0";
    const refused = () => gate(fixtureResult(), baselineOf(other, KID));
    expect(refused).toThrow(UserError);
    expect(refused).toThrow(/run\.features.*efficientnet-lite0@.*inception@0/);
  });

  test.each([
    ["n", (result: Result) => (rowOf(result, EPG, "kid").n = 1024)],
    ["run.labels", (result: Result) => (result.run.labels = "uniform")],
    ["run.resolution", (result: Result) => (result.run.resolution = 64)],
    ["run.dataset.scoredAgainst", (result: Result) => (result.run.dataset.scoredAgainst = "train")],
  ])("another %s is incomparable, not worse", (field, change) => {
    const result = scaled("kid", 2);
    change(result);
    const verdict = verdictOf(gate(result, baselineOf(fixtureResult(), KID)), "kid");
    expect(verdict).toMatchObject({ status: "incomparable", level: "error" });
    expect(verdict.reason).toContain(`${field} differs`);
  });

  test("speed on another machine is told, never failed", () => {
    const gates: Gates = { throughput: ["error", { maxWorse: "5%" }] };
    const result = scaled("throughput", 0.5);
    const here = gate(result, baselineOf(fixtureResult(), gates));
    expect(here.exitCode).toBe(EXIT.regression);
    result.env.fingerprint = hash("another machine");
    const elsewhere = gate(result, baselineOf(fixtureResult(), gates), { requireBaseline: true });
    expect(verdictOf(elsewhere, "throughput")).toMatchObject({ status: "incomparable", level: "warn" });
    expect(elsewhere.exitCode).toBe(EXIT.ok);
  });
});

describe("training seeds", () => {
  const seeds = (...list: number[]) => list.map((seed) => fixtureResult(seed));

  test("one retrained run can only be unclear, however large the difference", () => {
    const outcome = gate(fixtureResult(1), baselineOf(fixtureResult(0), KID));
    expect(verdictOf(outcome, "kid")).toMatchObject({ status: "unclear", comparison: "retrained" });
    expect(verdictOf(outcome, "kid").reason).toMatch(
      /at least 3 training seeds a side.*1 training seed in the/,
    );
  });

  test("a retrained run with no difference at all is ok", () => {
    const result = fixtureResult(0);
    for (const entry of result.run.entries)
      if (entry.weights !== null) entry.weights = hash(`new ${entry.name}`);
    expect(verdictOf(gate(result, baselineOf(fixtureResult(0), KID)), "kid").status).toBe("ok");
  });

  test("three seeds a side are judged by their spread", () => {
    const baseline = baselineOf(seeds(1, 2, 3), KID);
    const same = gate(seeds(4, 5, 6), baseline);
    expect(verdictOf(same, "kid").comparison).toBe("retrained");
    expect(verdictOf(same, "kid").status).not.toBe("worse");
    const worse = seeds(4, 5, 6);
    for (const result of worse) scale(rowOf(result, EPG, "kid"), 1.5);
    expect(verdictOf(gate(worse, baseline), "kid").status).toBe("worse");
  });

  test("the same training three times is not three seeds", () => {
    const copies = seeds(4, 5, 6);
    for (const { run } of copies)
      for (const entry of run.entries) if (entry.weights !== null) entry.weights = hash(entry.name);
    expect(verdictOf(gate(copies, baselineOf(seeds(1, 2, 3), KID)), "kid").status).toBe("unclear");
  });

  test("one of the baseline's weights sampled again is compared with its own", () => {
    const outcome = gate(fixtureResult(2), baselineOf(seeds(1, 2, 3), KID));
    expect(verdictOf(outcome, "kid")).toMatchObject({ status: "ok", comparison: "same-weights" });
  });

  test("runs of other recipes, or a run given twice, are refused", () => {
    const [a, b] = seeds(1, 2) as [Result, Result];
    b.run.entries[0]!.recipe = hash("other");
    expect(() => gate([a, b], null)).toThrow(/"EPG, Heun 16" was trained by another recipe/);
    expect(() => gate([a, a], null)).toThrow(/given twice/);
  });
});
