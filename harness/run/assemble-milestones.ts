/** What milestones add to a result: entries, rows and ledger lines of an entry's weights on the way. */
import { scoreRows } from "../evaluate/score.ts";
import { samplingLines } from "../measure/ledger.ts";
import type { LedgerLine, ResultEntry, ResultRow } from "../result.ts";
import type { FoundEntry, FoundMilestone } from "./found.ts";
import { NO_PICTURES } from "./pictures.ts";
import { totalTrainingRows } from "./rows.ts";

/** All of the entry's training up to a milestone. */
const trainingUpTo = ({ training }: FoundEntry, { training: last }: FoundMilestone) => [
  ...training.slice(0, -1).map(({ result }) => result),
  ...(last ? [last] : []),
];

/**
 * @param model the entry's own
 * @param weightsHash of what was sampled from, by the weights of the stages
 */
export const milestoneEntries = (
  model: ResultEntry,
  entry: FoundEntry,
  weightsHash: (stages: readonly string[]) => string | null,
): ResultEntry[] =>
  entry.milestones.map((found) => {
    const { planned, sampling, training, failure } = found;
    const { name, part, step, stage } = planned;
    return {
      ...model,
      name,
      kind: "milestone",
      description: `the weights of "${model.name}" after ${step} of ${stage.steps} steps of ${stage.name}, sampled as it is`,
      status: failure === null ? "ok" : "failed",
      failure,
      deviations: [],
      n: sampling?.result.n ?? 0,
      weights: training && weightsHash(trainingUpTo(entry, found).map((one) => one.weightsSha256)),
      ...NO_PICTURES,
      filmSteps: [],
      milestone: { of: model.name, part, step, steps: stage.steps },
    };
  });

/** Scores, and what training took up to there. */
export const milestoneRows = (entry: FoundEntry): ResultRow[] =>
  entry.milestones.flatMap((found) =>
    found.score === null
      ? []
      : [
          ...scoreRows(found.planned.name, found.score.scores),
          ...totalTrainingRows(
            { name: found.planned.name, pretrained: entry.planned.pretrained },
            trainingUpTo(entry, found),
          ),
        ],
  );

/** Its sampling: the training up to there is on the lines of its stages. */
export const milestoneLines = ({ milestones }: FoundEntry): LedgerLine[] =>
  milestones.flatMap(({ planned, sampling, broken }) =>
    sampling ? samplingLines(planned.name, sampling.result, sampling.cached) : broken,
  );
