import { expect, test } from "vitest";
import { compareEntries } from "../../../harness/gate/summary.ts";
import { fixtureResult, rowOf } from "../../fixtures/result.ts";

test("models are compared pair by pair, with errors of independent draws added", () => {
  const { comparisons } = fixtureResult();
  const kid = comparisons.filter(({ metric }) => metric.startsWith("kid"));
  expect(kid.map(({ base, entry }) => [base, entry])).toEqual([
    ["EPG, Heun 16", "EPG, one step"],
    ["EPG, Heun 16", "VAE + DiT"],
    ["EPG, one step", "VAE + DiT"],
  ]);
  const [a, b] = ["EPG, Heun 16", "EPG, one step"].map(
    (entry) => rowOf(fixtureResult(), entry, "kid").standardError!,
  );
  expect(kid[0]!.standardError).toBeCloseTo(Math.hypot(a!, b!), 12);
  expect(kid[0]).toMatchObject({ pairing: "unpaired", significant: true });
  expect(kid[0]!.relativeHarm).toBeGreaterThan(0);
  expect(comparisons.some(({ metric }) => metric.startsWith("is-") || metric === "nfe")).toBe(false);
});

test("the summary says who is ahead on what, and whether by more than the error", () => {
  const { summary } = compareEntries(fixtureResult());
  expect(summary).toMatch(/^"EPG, Heun 16" is ahead on KID and class accuracy by more than the error/);
  expect(summary).toContain('"EPG, one step" is ahead on throughput');
  expect(summary).toContain("on precision and recall by less than the error");
  expect(summary).toContain("errors cover the draw of samples, not training");
  expect(summary).not.toContain("FD"); // 512 images are fewer than 5 · 1280: mostly bias
});

test("FD is spoken of where there are five images a feature dimension", () => {
  const result = fixtureResult();
  result.run.featureDims = 100;
  expect(compareEntries(result).summary).toMatch(/ahead on FD, KID/);
});

test("entries of other n, failed ones and values that are missing are left out", () => {
  const result = fixtureResult();
  result.run.entries[1]!.status = "failed";
  rowOf(result, "VAE + DiT", "kid").n = 256;
  rowOf(result, "VAE + DiT", "recall").value = null;
  const metrics = compareEntries(result).comparisons.map(({ metric }) => metric.split("-")[0]);
  expect(metrics).toContain("precision");
  expect(metrics).not.toContain("kid");
  expect(metrics).not.toContain("recall");
});

test("one entry, none, and equal entries each have their own sentence", () => {
  const result = fixtureResult();
  result.run.entries[1]!.status = "failed";
  result.run.entries[2]!.status = "failed";
  expect(compareEntries(result).summary).toContain('"EPG, Heun 16" stands alone');
  result.run.entries[0]!.status = "failed";
  expect(compareEntries(result).summary).toContain("No entry finished");
  const equal = fixtureResult();
  for (const row of equal.results) row.value = 1;
  expect(compareEntries(equal).summary).toBe("No metric tells the entries apart.");
});

test("two samplings of the same weights and seeds are paired", () => {
  const result = fixtureResult();
  result.run.entries[1]!.weights = result.run.entries[0]!.weights;
  const first = compareEntries(result).comparisons.find(({ metric }) => metric.startsWith("kid"));
  expect(first!.pairing).toBe("paired");
});
