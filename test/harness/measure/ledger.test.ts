import { expect, test } from "vitest";
import { NO_PREPARATION, NO_WORK, NOT_MEASURED, trainingLines } from "../../../harness/measure/ledger.ts";

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
  const preparation = { what: "encoding the data set", images: 64, batchSize: 32, macs: 640, flops: 1300 };
  expect(lines({ preparation })).toEqual([
    ["DiT: encoding the data set", "encoding", null, 64, 640, 1300],
    ["DiT", "training", 10, 40, 1000, 2100],
  ]);
  const [encoding, training] = trainingLines(DIT, { ...WORK, preparation }, ["A"], false);
  expect([encoding!.batchSize, training!.batchSize]).toEqual([32, 4]);
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
