import { expect, it } from "vitest";
import type { Tensors } from "../../../harness/program/index.ts";
import { BEGINNING } from "../../../harness/run/checkpoint.ts";
import { Feed } from "../../../harness/run/feed.ts";
import type { JobHost } from "../../../harness/run/jobs.ts";
import { runSteps, type Training } from "../../../harness/run/steps.ts";

/** A clock that only this work moves. */
let clock = 0;

function trainingOf(steps: number, stepMs: number) {
  const noted: string[] = [];
  const taken: number[] = [];
  const host: JobHost = {
    emit: (event) => noted.push("note" in event ? event.note! : ""),
    stopping: () => false,
    now: () => clock,
  };
  const executable = {
    async run({ step }: Tensors): Promise<Tensors> {
      taken.push(step!.data[0]!);
      clock += stepMs;
      return { loss: { dtype: "float32", shape: [], data: Float32Array.of(1) } };
    },
  };
  const training = {
    job: { steps, until: steps, milestones: [], frameEvery: steps + 1 },
    host,
    stage: { batchSize: 4 },
    backend: {},
    executable,
    frames: null,
    record: () => {},
  } as unknown as Training;
  return { training, taken, noted };
}

const feedOf = (steps: number, first: number, makeMs: number): Feed =>
  new Feed({
    make: async (step) => {
      clock += makeMs;
      return { step: { dtype: "int32", shape: [], data: Int32Array.of(step) } };
    },
    openMakers: null,
    first,
    steps,
  });

it("counts what steps wait for their batches, that of the first apart", async () => {
  const { training, taken, noted } = trainingOf(5, 100);
  const last = await runSteps(training, feedOf(5, 0, 7), BEGINNING);
  expect(taken).toEqual([0, 1, 2, 3, 4]);
  expect(last.inputWaitSeconds).toBeCloseTo(4 * 0.007, 9);
  expect(last.wallSeconds).toBeCloseTo(5 * 0.1 + 4 * 0.007, 9);
  expect(noted.at(-1)).toMatch(/images\/s, input wait 5\.\d %$/);
});

it("adds to what an earlier process counted, and says nothing of waits that are short", async () => {
  const { training, taken, noted } = trainingOf(5, 1000);
  const first = { ...BEGINNING, step: 2, wallSeconds: 2, inputWaitSeconds: 0.03 };
  const last = await runSteps(training, feedOf(5, 2, 1), first);
  expect(taken).toEqual([2, 3, 4]);
  expect(last.inputWaitSeconds).toBeCloseTo(0.032, 9);
  expect(noted.at(-1)).toMatch(/images\/s$/);
});
