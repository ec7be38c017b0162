import { describe, expect, test } from "vitest";
import type { Measurement } from "../../../harness/gate/comparable.ts";
import { compareWithBaseline } from "../../../harness/gate/compare.ts";
import type { Compared } from "../../../harness/gate/draws.ts";
import type { Result } from "../../../harness/result.ts";
import { fixtureResult, hash, rowOf } from "../../fixtures/result.ts";

const EPG = "EPG, Heun 16";

function measure(result: Result, metric: string): Measurement {
  const row = rowOf(result, EPG, metric);
  return { measured: result, entry: result.run.entries[0]!, row: { ...row, value: row.value! } };
}

function compare(change: (result: Result) => void, metric = "kid"): Compared {
  const result = fixtureResult();
  change(result);
  const compared = compareWithBaseline([measure(fixtureResult(), metric)], [measure(result, metric)]);
  if (compared.status === "incomparable") throw new Error(compared.reason);
  return compared;
}

const worsen = (result: Result): void => {
  const row = rowOf(result, EPG, "kid");
  row.value! += 0.001;
  row.deleteGroup = row.deleteGroup!.map((value, g) => value + 0.001 + (g % 2 === 0 ? 1e-5 : -1e-5));
};

describe("same weights", () => {
  test("equal seeds are paired: SE² = (G−1)/G·Σ(δ₍g₎−δ̄)²", () => {
    const compared = compare(worsen);
    expect(compared).toMatchObject({ basis: "same-weights", pairing: "paired", identical: false });
    // δ₍g₎ − δ̄ = ±1e-5, G = 20: SE² = 19/20 · 20 · 1e-10.
    expect(compared.difference).toEqual({
      value: expect.closeTo(0.001, 12),
      standardError: expect.closeTo(Math.sqrt(19) * 1e-5, 12),
      degreesOfFreedom: 19,
    });
    expect(compared.harm!.value).toBeCloseTo(0.001 / 0.0412, 12);
  });

  test("other seeds are unpaired, with a far larger error", () => {
    const compared = compare((result) => {
      worsen(result);
      result.run.entries[0]!.seeds = hash("other seeds");
    });
    expect(compared.pairing).toBe("unpaired");
    expect(compared.difference!.standardError).toBeCloseTo(
      Math.SQRT2 * rowOf(fixtureResult(), EPG, "kid").standardError!,
      12,
    );
  });

  test("without delete-group values the stated errors are combined; without errors nothing is said", () => {
    expect(
      compare((result) => (rowOf(result, EPG, "class-accuracy").value = 0.6), "class-accuracy"),
    ).toMatchObject({ pairing: "unpaired" });
    expect(
      compare((result) => (rowOf(result, EPG, "memorisation").value = 0.5), "memorisation"),
    ).toMatchObject({
      harm: null,
      reason: "the metric states no error",
    });
  });

  test("images of unknown weights are the same source only where their seeds are given and equal", () => {
    const sides = (seeds: string | null) =>
      [0, 1].map((i) => {
        const result = fixtureResult();
        if (i === 1) worsen(result);
        Object.assign(result.run.entries[0]!, { weights: null, seeds });
        return measure(result, "kid");
      });
    const [a, b] = sides(hash("images"));
    expect(compareWithBaseline([a!], [b!])).toMatchObject({ basis: "same-weights", pairing: "paired" });
    const [c, d] = sides(null);
    expect(compareWithBaseline([c!], [d!])).toMatchObject({ basis: "retrained", harm: null });
  });
});

test("harm is signed by direction: more accuracy is better, more KID is worse", () => {
  const raise = (metric: string) => (result: Result) => {
    const row = rowOf(result, EPG, metric);
    row.value! *= 1.1;
  };
  expect(compare(raise("class-accuracy"), "class-accuracy").harm!.value).toBeCloseTo(-0.1, 12);
  expect(compare(raise("kid")).harm!.value).toBeCloseTo(0.1, 12);
  expect(compare(raise("throughput"), "throughput").harm!.value).toBeCloseTo(-0.1, 12);
  expect(compare(raise("latency"), "latency").harm!.value).toBeCloseTo(0.1, 12);
});

test("a baseline within its error of zero has no relative change, however precise the difference", () => {
  const near = (value: number) => {
    const result = fixtureResult();
    const row = rowOf(result, EPG, "kid");
    row.deleteGroup = row.deleteGroup!.map((one) => one - row.value! + value);
    row.value = value;
    return measure(result, "kid");
  };
  const compared = compareWithBaseline([near(1e-4)], [near(2e-4)]);
  expect(compared).toMatchObject({ harm: null, reason: expect.stringContaining("of zero") });
});

test("counts are exact, also from a base of zero", () => {
  expect(compare((result) => (rowOf(result, EPG, "nfe").value = 62), "nfe")).toMatchObject({
    basis: "exact",
    harm: { value: 1, standardError: 0 },
  });
  const compared = compare((result) => (rowOf(result, EPG, "decoder-calls").value = 1), "decoder-calls");
  expect(compared.harm!.value).toBe(Number.POSITIVE_INFINITY);
});

test("a retrained comparison is Welch's, over the seeds' own values", () => {
  const side = (offset: number, values: number[]) =>
    values.map((value, i) => {
      const result = fixtureResult(offset + i);
      rowOf(result, EPG, "kid").value = value;
      return measure(result, "kid");
    });
  const compared = compareWithBaseline(side(0, [1, 2, 3]), side(10, [4, 6, 8]));
  // Variances 1/3 and 4/3; SE² = 5/3; Welch: (5/3)² / ((1/3)²/2 + (4/3)²/2) = 2.941…
  expect(compared).toMatchObject({
    basis: "retrained",
    base: 2,
    found: 6,
    difference: {
      value: 4,
      standardError: expect.closeTo(Math.sqrt(5 / 3), 12),
      degreesOfFreedom: expect.closeTo(50 / 17, 12),
    },
  });
});
