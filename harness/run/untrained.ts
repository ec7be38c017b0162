/** Networks as they are before the first step: what training is held against. */
import type { StageWeights } from "../plugin.ts";
import { createStream } from "../random/index.ts";
import { initialState } from "./initial-state.ts";
import type { OpenEntry } from "./open.ts";
import { type PretrainedFile, weightsFrom } from "./pretrained.ts";
import type { SettledConfig } from "./settle.ts";

/**
 * What each stage would hand on before its first step, beside the weights made elsewhere.
 * @param last the stage after which no more is asked for
 */
export async function untrainedWeights(
  {
    config: { seed },
    pretrained,
  }: { readonly config: SettledConfig; readonly pretrained: readonly PretrainedFile[] },
  opened: OpenEntry,
  last?: string,
): Promise<StageWeights> {
  const { model, options, dataset, task, backend: runtime } = opened;
  const weights: Record<string, StageWeights[string]> = {
    ...(await weightsFrom({ stages: {}, pretrained }, opened)),
  };
  for (const stage of model.stages(options, task)) {
    const random = createStream(seed, "stage", model.name, stage.name);
    const context = {
      task,
      steps: 1,
      batchSize: stage.batchSize,
      train: dataset.train,
      random,
      previous: { ...weights },
      runtime,
    };
    weights[stage.name] = stage.result(
      initialState(stage.program, random.stream("initial state"), stage.start(context)),
    );
    if (stage.name === last) break;
  }
  return weights;
}
