import { expect, test } from "vitest";
import type { ResultEntry } from "../../../harness/result.ts";
import { resampledEntries, resampledLines } from "../../../harness/run/assemble-resamplings.ts";
import type { FoundEntry } from "../../../harness/run/found.ts";

/** Eight images of one trial, a MAC and two FLOPs each. */
const SAMPLED = {
  cached: false,
  result: {
    n: 8,
    batchSize: 8,
    macsPerImage: 1,
    flopsPerImage: 2,
    decoderCalls: 0,
    decoderMacsPerImage: 0,
    decoderFlopsPerImage: 0,
    networkParameters: 5,
    decoderParameters: 0,
    told: null,
    wallSeconds: 3,
    peakMemoryBytes: 4,
  },
};
const JUDGED = { n: 8, heldOut: 40, kid: 0.1, standardError: null };

const entry = (judged: readonly (typeof JUDGED | null)[]) =>
  ({
    resamplings: [
      {
        planned: { name: "A: matched, 31 calls", kind: "matched", calls: 31 },
        trials: judged.map((one, i) => ({ guidance: i + 1, sampling: SAMPLED, judged: one })),
        sampling: null,
        broken: [],
        failure: judged.includes(null) ? "judging the trial of guidance 2: no memory" : null,
        pictures: {},
      },
    ],
  }) as unknown as FoundEntry;

test("a trial that could not be judged is billed for what it sampled", () => {
  expect(resampledLines(entry([JUDGED, null]))).toMatchObject([
    { stage: "choosing guidance, 2 trials: sampling", images: 16, macs: 16, flops: 32, wallSeconds: 6 },
  ]);
  expect(resampledLines(entry([]))).toEqual([]);
});

test("it is none of the trials that chose", () => {
  const [row] = resampledEntries({ name: "A" } as ResultEntry, entry([JUDGED, null]));
  expect(row).toMatchObject({ status: "failed", resampled: { trials: [{ guidance: 1, ...JUDGED }] } });
});
