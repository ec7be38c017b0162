/** What two runs must share before one of their metrics may be compared at all. */
import { type MetricKind, metricKind, type Result, type ResultEntry, type ResultRow } from "../result.ts";

/** The parts of a result that comparisons read: what a baseline keeps. */
export type Measured = Pick<Result, "run" | "env" | "results">;

/** One metric of one entry in one run. */
export interface Measurement {
  readonly measured: Measured;
  readonly entry: ResultEntry;
  readonly row: ResultRow & { readonly value: number };
}

type Condition = readonly [field: string, read: (one: Measurement) => string | number | null];

const RESOLUTION: Condition = ["run.resolution", ({ measured }) => measured.run.resolution];
const CONVENTION: Condition = ["the convention", ({ row }) => row.convention];

/** The bias of a Fréchet distance depends on all of these, so that a difference would not be the model's. */
const CONDITIONS: Record<MetricKind, readonly Condition[]> = {
  score: [
    RESOLUTION,
    ["run.features", ({ measured }) => measured.run.features],
    ["run.dataset.identity", ({ measured }) => measured.run.dataset.identity],
    ["run.dataset.scoredAgainst", ({ measured }) => measured.run.dataset.scoredAgainst],
    ["run.labels", ({ measured }) => measured.run.labels],
    ["n", ({ row }) => row.n],
    CONVENTION,
  ],
  // It names the batch that was timed.
  machine: [RESOLUTION, ["env.fingerprint", ({ measured }) => measured.env.fingerprint], CONVENTION],
  count: [RESOLUTION],
};

/** The first condition that the runs do not share, as a sentence; null where they are comparable. */
export function whyIncomparable(base: readonly Measurement[], found: readonly Measurement[]): string | null {
  for (const [field, read] of CONDITIONS[metricKind(found[0]!.row.metric)]) {
    const first = read(base[0]!);
    const other = [...base, ...found].find((one) => read(one) !== first);
    if (other !== undefined) return `${field} differs: ${first} and ${read(other)}`;
  }
  return null;
}
