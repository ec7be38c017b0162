import { expect, test } from "vitest";
import { brokenSamplingLines } from "../../../harness/measure/broken-sampling.ts";
import { noTallies } from "../../../harness/measure/counting.ts";

test("a sampling that failed is billed by its calls, whatever became of their images", () => {
  const network = { calls: 5, macs: 50, flops: 110, parameters: 7 };
  const broken = { images: 8, batchSize: 8, wallSeconds: 1, peakMemoryBytes: 2 };
  const billed = (tallies: object) =>
    brokenSamplingLines("A", { ...broken, tallies: { ...noTallies(), ...tallies } });
  expect(billed({})).toEqual([]);
  expect(billed({ network })).toMatchObject([
    { stage: "sampling", failed: true, images: 8, macs: 50, flops: 110 },
  ]);
  expect(billed({ network, decoder: { ...network, calls: 1, macs: 3 } })[1]).toMatchObject({
    kind: "decoding",
    macs: 3,
    wallSeconds: null,
  });
});
