/** What a comparison adds to a result: entries, rows and ledger lines of every entry sampled again, and of the trials. */
import { scoreRows } from "../evaluate/score.ts";
import { samplingLines } from "../measure/ledger.ts";
import type { LedgerLine, ResultEntry, ResultRow } from "../result.ts";
import { elsewhereRows } from "./elsewhere-rows.ts";
import type { FoundEntry, FoundResampling } from "./found.ts";
import { measureRows } from "./rows.ts";

/** @param model the entry's own, from whose weights these are sampled */
export const resampledEntries = (model: ResultEntry, { resamplings }: FoundEntry): ResultEntry[] =>
  resamplings.map(({ planned, trials, sampling, failure, pictures }) => ({
    ...model,
    name: planned.name,
    kind: "resampled",
    description: `the weights of "${model.name}" sampled with at most ${planned.calls} network calls an image`,
    status: failure === null ? "ok" : "failed",
    failure,
    sampling: sampling ? { ...sampling.result.description } : {},
    deviations: [],
    n: sampling?.result.n ?? 0,
    ...pictures,
    filmSteps: [],
    resampled: {
      of: model.name,
      terms: planned.kind,
      calls: planned.calls,
      trials: trials.flatMap(({ guidance, judged }) => (judged ? [{ guidance, ...judged }] : [])),
    },
  }));

export const resampledRows = ({ planned: { pretrained }, training, resamplings }: FoundEntry): ResultRow[] =>
  resamplings.flatMap(({ planned: { name }, sampling, timing, score }) => {
    if (!sampling || !timing || !score) return [];
    if (sampling.result.elsewhere !== null)
      return [...scoreRows(name, score.scores), ...elsewhereRows(name, sampling.result, timing)];
    const trained = training.map(({ result }) => result);
    const facts = { planned: { name, pretrained }, training: trained, sampling: sampling.result, timing };
    return [...scoreRows(name, score.scores), ...measureRows(facts)];
  });

/** A row's own sampling, and before it that of its trials; of either, what was done of it where it failed. */
export const resampledLines = ({ resamplings }: FoundEntry): LedgerLine[] =>
  resamplings.flatMap((found) => [
    ...trialLines(found),
    ...(found.sampling
      ? samplingLines(found.planned.name, found.sampling.result, found.sampling.cached)
      : found.broken),
  ]);

/** All trials of a row as one line of the network's calls and one of the decoder's. */
function trialLines({ planned, trials }: FoundResampling): LedgerLine[] {
  if (trials.length === 0) return [];
  const each = trials.map(({ sampling }) => samplingLines(planned.name, sampling.result, sampling.cached));
  return each[0]!.map((first, i) => {
    const lines = each.map((lines) => lines[i]!);
    const sum = (of: (line: LedgerLine) => number): number =>
      lines.reduce((total, line) => total + of(line), 0);
    const work = (of: "macs" | "flops"): number | null =>
      first[of] === null ? null : sum((line) => line[of] ?? 0);
    return {
      ...first,
      stage: `choosing guidance, ${trials.length} trials: ${first.stage}`,
      images: sum(({ images }) => images),
      macs: work("macs"),
      flops: work("flops"),
      wallSeconds: first.wallSeconds === null ? null : sum(({ wallSeconds }) => wallSeconds ?? 0),
      peakMemoryBytes:
        first.peakMemoryBytes === null
          ? null
          : Math.max(...lines.map(({ peakMemoryBytes }) => peakMemoryBytes ?? 0)),
      cached: lines.every(({ cached }) => cached),
    };
  });
}
