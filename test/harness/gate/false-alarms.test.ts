/** The rule's promise, by simulation: false alarms at most ALPHA at a true change of zero and of exactly the limit. */
import { expect, test } from "vitest";
import type { Measurement } from "../../../harness/gate/comparable.ts";
import { ALPHA, holm } from "../../../harness/gate/estimate.ts";
import { type Judgement, judgeChange } from "../../../harness/gate/judge.ts";
import { fixtureResult, hash, normals } from "../../fixtures/result.ts";

const GROUPS = 20;
const RUNS = 1500;
/** Four standard errors of a share of ALPHA over RUNS. */
const MARGIN = 4 * Math.sqrt((ALPHA * (1 - ALPHA)) / RUNS);
const TOLERANCE = 0.05;

const measured = fixtureResult();
const template = {
  entry: measured.run.entries[0]!,
  row: measured.results.find(({ metric }) => metric.startsWith("kid"))!,
};

/** A metric that is the mean of its groups: leaving g out gives (G·mean − value_g)/(G − 1). */
function measurement(groups: readonly number[], training = 0): Measurement {
  const value = groups.reduce((sum, one) => sum + one, 0) / groups.length;
  const deleteGroup = groups.map((one) => (groups.length * value - one) / (groups.length - 1));
  const entry = { ...template.entry, weights: hash(`training ${training}`) };
  return { measured, entry, row: { ...template.row, value, deleteGroup } };
}

/** The same noise in both draws, as paired seeds have it, and a little of their own. */
function pairedRun(normal: () => number, change: number): Judgement {
  const shared = Array.from({ length: GROUPS }, () => 1 + 0.2 * normal());
  const base = shared.map((value) => value + 0.03 * normal());
  const found = shared.map((value) => (1 + change) * value + 0.03 * normal());
  return judgeChange([measurement(base)], [measurement(found)], { maxWorse: `${100 * TOLERANCE}%` });
}

function retrainedRun(normal: () => number, change: number): Judgement {
  const side = (mean: number, offset: number) =>
    [0, 1, 2].map((seed) => {
      const level = mean * (1 + 0.02 * normal());
      return measurement(
        Array.from({ length: GROUPS }, () => level),
        offset + seed,
      );
    });
  return judgeChange(side(1, 0), side(1 + change, 10), { maxWorse: `${100 * TOLERANCE}%` });
}

function shareWorse(run: typeof pairedRun, change: number, seed: number): number {
  const normal = normals(seed);
  let worse = 0;
  for (let i = 0; i < RUNS; i++) if (run(normal, change).status === "worse") worse++;
  return worse / RUNS;
}

test.each([
  ["paired", pairedRun],
  ["retrained", retrainedRun],
] as const)("%s: alarms at the limit are at most ALPHA, at no change next to none", (_, run) => {
  const atLimit = shareWorse(run, TOLERANCE, 1);
  expect(atLimit).toBeLessThanOrEqual(ALPHA + MARGIN);
  expect(atLimit).toBeGreaterThan(0); // not by never alarming
  expect(shareWorse(run, 0, 2)).toBeLessThan(0.002);
});

test("paired: a change of twice the limit is found in more than 80 % of runs", () => {
  expect(shareWorse(pairedRun, 2 * TOLERANCE, 3)).toBeGreaterThan(0.8);
});

test("Holm: eight metrics at the limit raise any alarm in at most ALPHA of runs", () => {
  const normal = normals(4);
  let corrected = 0;
  let uncorrected = 0;
  for (let i = 0; i < RUNS; i++) {
    const p = Array.from({ length: 8 }, () => pairedRun(normal, TOLERANCE).p!);
    if (holm(p).includes(true)) corrected++;
    if (p.some((one) => one <= ALPHA)) uncorrected++;
  }
  expect(corrected / RUNS).toBeLessThanOrEqual(ALPHA + MARGIN);
  expect(uncorrected / RUNS).toBeGreaterThan(3 * ALPHA); // so the correction is needed
});
