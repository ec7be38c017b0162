import { expect, test } from "vitest";
import { type EntryFacts, measureRows, speedRows } from "../../../harness/run/rows.ts";

const SAMPLING = {
  nfe: 1,
  decoderCalls: 1,
  macsPerImage: 1,
  flopsPerImage: 2,
  networkParameters: 1,
  decoderParameters: 0,
  peakMemoryBytes: 1,
};
const MEDIAN = { median: 1, standardError: 0 };
const TIMING = { batchSize: 8, throughput: { ...MEDIAN, rounds: 5 }, latency: { ...MEDIAN, rounds: 40 } };

const trained = (flops: number, weightsSha256: string) => ({
  flops,
  preparation: { flops: 1 },
  wallSeconds: 2,
  peakMemoryBytes: 3,
  weightsSha256,
});

/** A file that tells of stages by their weights and FLOPs; of none: that does not tell. */
const file = (...stages: readonly (readonly [weightsSha256: string, trainingFlops: number])[]) => ({
  told:
    stages.length === 0
      ? null
      : { stages: stages.map(([weightsSha256, trainingFlops]) => ({ weightsSha256, trainingFlops })) },
});

function total(pretrained: readonly object[], training: readonly object[]) {
  const facts = { planned: { name: "A", pretrained }, training, sampling: SAMPLING, timing: TIMING };
  const rows = measureRows(facts as unknown as EntryFacts);
  const row = rows.find(({ metric }) => metric === "total-train-flops");
  const wall = rows.find(({ metric }) => metric === "wall-seconds");
  return { value: row?.value, account: row?.convention.split("billed in full")[1], wall: wall?.value };
}

test("training FLOPs are those of every stage, a file's by its own account", () => {
  expect(total([], [trained(10, "a"), trained(20, "b")])).toEqual({ value: 32, account: "", wall: 4 });
  const vae = file(["a", 100]);
  const both = file(["a", 100], ["b", 1000]);
  expect(total([vae], [trained(20, "b")])).toEqual({
    value: 121,
    account: ", partly by the files' own account",
    wall: undefined,
  });
  expect(total([vae, both], [])).toMatchObject({ value: 1100, account: ", by the files' own account" });
});

test("a training of this run is not counted again where a file tells of it too", () => {
  expect(total([file(["a", 100], ["c", 1000])], [trained(99, "a")]).value).toBe(1100);
});

test("they are left out where a file does not tell", () => {
  expect(total([file(), file(["a", 100])], [trained(20, "b")]).value).toBeUndefined();
});

test("timings repeated more or less often are of one convention, and can be compared", () => {
  const again = { ...TIMING, latency: { ...MEDIAN, rounds: 41 } };
  const [, latency] = speedRows("A", TIMING);
  const [, other] = speedRows("B", again);
  expect([latency!.rounds, other!.rounds]).toEqual([40, 41]);
  expect(other!.convention).toBe(latency!.convention);
});
