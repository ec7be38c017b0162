import fc from "fast-check";
import { expect, it } from "vitest";
import type { PlannedEntry } from "../../../harness/run/plan.ts";
import { batchesOfShard, parseShard, requireBatches, shardText } from "../../../harness/run/shard.ts";

it("shards cut batches in contiguous parts that differ by one at most and are all of them", () => {
  fc.assert(
    fc.property(fc.nat(300), fc.integer({ min: 1, max: 40 }), (batches, count) => {
      const all = Array.from({ length: batches }, (_, k) => k);
      const parts =
        all.length < count
          ? []
          : Array.from({ length: count }, (_, k) => batchesOfShard(all, { index: k + 1, count }));
      if (parts.length === 0) return;
      expect(parts.flat()).toEqual(all);
      const sizes = parts.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

it("reads i/n and nothing else", () => {
  expect(parseShard("2/3")).toEqual({ index: 2, count: 3 });
  expect(shardText({ index: 2, count: 3 })).toBe("2/3");
  for (const text of ["", "2", "0/3", "4/3", "02/3", "2/3/4", "-1/3", " 1/3", "1/1e3", "1.0/3"])
    expect(parseShard(text), text).toBeNull();
});

it("refuses more shards than an entry's images are batches, but not for images that exist already", () => {
  const entry = (name: string, samplingBatch: number, images: string | null = null): PlannedEntry =>
    ({ name, samplingBatch, made: { identity: null, images, elsewhere: null } }) as unknown as PlannedEntry;
  const plan = (...entries: PlannedEntry[]) => ({
    task: { resolution: 8, classes: 2 },
    stages: [],
    entries,
    backendIdentity: "",
  });
  const three = { index: 1, count: 3 };
  expect(() => requireBatches(three, plan(entry("A", 10), entry("made", 1, "there")), 21)).not.toThrow();
  expect(() => requireBatches(three, plan(entry("A", 10), entry("B", 12)), 21)).toThrow(
    /^--shard: the 21 images of entry "B" are 2 sampling batches of at most 12: too few for 3 shards$/,
  );
  expect(() => requireBatches(three, plan(entry("A", 30)), 21)).toThrow(/are 1 sampling batch of at most 30/);
});
