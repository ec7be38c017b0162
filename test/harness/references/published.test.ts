import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  conflictsOf,
  levelOf,
  type PublishedResult,
  published,
  publishedSchema,
  samplingMacs,
} from "../../../harness/references/published.ts";

/** Beside the checkout, where it is. */
const SHARED = resolve(import.meta.dirname, "../../../../shared/data/published.json");
const { results } = published();
const byId = new Map(results.map((row) => [row.id, row]));

describe("published results", () => {
  it.skipIf(!existsSync(SHARED))(
    "are the file they were copied from (skipped without it beside the checkout)",
    () => {
      const shared = publishedSchema.parse(JSON.parse(readFileSync(SHARED, "utf8")));
      const { compute, ...rest } = published();
      expect(rest).toEqual({ ...shared, compute: undefined });
      expect(compute.derived).toEqual(shared.compute.derived);
    },
  );

  it("are 150 rows, each with a name of its own, at the two resolutions that papers report", () => {
    expect(results).toHaveLength(150);
    expect(byId.size).toBe(150);
    expect([...new Set(results.map(({ resolution }) => resolution))].sort()).toEqual([256, 512]);
  });

  it("say by what convention MACs were counted wherever they have some", () => {
    expect(results.filter(({ gflops, gflopsConvention }) => gflops !== null && !gflopsConvention)).toEqual(
      [],
    );
  });

  it("refuse a field that is wrong, missing or unknown", () => {
    const [row] = results;
    for (const change of [{ fid: null }, { precision: 83 }, { nfe: 1.5 }, { sources: [] }, { more: 1 }])
      expect(
        publishedSchema.safeParse({ ...published(), results: [{ ...row, ...change }] }).success,
        JSON.stringify(change),
      ).toBe(false);
  });
});

describe("conflicts", () => {
  const all = [...new Set(results.flatMap(({ id }) => conflictsOf(id)))];

  it("name rows that there are, and hold what these say", () => {
    expect(all.length).toBeGreaterThanOrEqual(12);
    for (const { rows, field, values } of all)
      for (const id of rows) {
        const own = byId.get(id)![field as keyof PublishedResult];
        if (own !== null)
          expect(
            values.map(({ value }) => value),
            `${id} ${field}`,
          ).toContain(own);
      }
  });

  it("are of rows whose values differ", () => {
    for (const { values } of all) expect(new Set(values.map(({ value }) => value)).size).toBe(values.length);
  });

  it("count the rows of several listings of one model and setting", () => {
    const models = all.filter(({ rows }) => rows.length > 1).map(({ rows }) => byId.get(rows[0]!)!.family);
    expect(models).toEqual(expect.arrayContaining(["SiT", "IMM", "PixNerd", "REPA", "EPG"]));
  });
});

describe("of a row", () => {
  it("the level is its best source's", () => {
    expect(levelOf(byId.get("dit-xl2-256-cfg1.5")!)).toBe("primary");
    expect(levelOf(byId.get("tvm-xl2-256-1")!)).toBe("paper-text");
  });

  it("sampling takes the calls and, of a latent model, a decoding", () => {
    const of = (id: string): number | null => samplingMacs(byId.get(id)!);
    expect(of("dit-xl2-256-noguid")! / 1e9).toBeCloseTo(250 * 118.64 + 311.09, 6);
    // Its paper's own figure, 310, before our count.
    expect(of("dit-xl2-256-cfg1.5")! / 1e9).toBeCloseTo(500 * 118.64 + 310, 6);
    expect(of("epg-l16-256-cm1")! / 1e9).toBe(113);
    expect(of("epg-xl16-256")).toBeNull();
  });
});
