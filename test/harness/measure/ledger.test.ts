import { expect, test } from "vitest";
import { noTallies } from "../../../harness/measure/counting.ts";
import {
  brokenSamplingLines,
  NO_PREPARATION,
  NO_WORK,
  NOT_MEASURED,
  trainingLines,
} from "../../../harness/measure/ledger.ts";

const DIT = { name: "DiT", autoencoder: false };
const WORK = {
  steps: 10,
  batchSize: 4,
  images: 40,
  macs: 1000,
  flops: 2100,
  parameters: 7,
  recomputed: NO_WORK,
  encoding: NO_WORK,
  preparation: NO_PREPARATION,
  ...NOT_MEASURED,
};

const lines = (work: Partial<typeof WORK>) =>
  trainingLines(DIT, { ...WORK, ...work }, ["A"], false).map(
    ({ stage, kind, steps, images, macs, flops }) => [stage, kind, steps, images, macs, flops],
  );

test("what encodes once is billed before the steps", () => {
  const preparation = { what: "encoding the data set", images: 64, macs: 640, flops: 1300 };
  expect(lines({ preparation })).toEqual([
    ["DiT: encoding the data set", "encoding", null, 64, 640, 1300],
    ["DiT", "training", 10, 40, 1000, 2100],
  ]);
});

test("what a step encodes is taken out of the stage's work", () => {
  expect(lines({ encoding: { macs: 400, flops: 810 } })).toEqual([
    ["DiT: encoding every step's images", "encoding", 10, 40, 400, 810],
    ["DiT", "training", 10, 40, 600, 1290],
  ]);
});

test("a stage without either is one line", () => {
  expect(lines({})).toEqual([["DiT", "training", 10, 40, 1000, 2100]]);
});

test("what is computed anew stands beside the work, where there is any", () => {
  const of = (recomputed: typeof NO_WORK) => trainingLines(DIT, { ...WORK, recomputed }, ["A"], false)[0];
  expect(of({ macs: 300, flops: 610 })).toMatchObject({ macs: 1000, flops: 2100, recomputedFlops: 610 });
  expect(of(NO_WORK)).not.toHaveProperty("recomputedFlops");
});

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
