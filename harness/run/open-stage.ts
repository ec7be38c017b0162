/** A stage by its name, and what its batches are made from: the same in the job's process and in threads beside it. */
import type { BatchContext, ImageSource, Stage, Task } from "../plugin.ts";
import { createStream } from "../random/index.ts";
import type { TrainJob } from "./jobs.ts";
import type { OpenModel } from "./open.ts";

export function openStage(
  { config, stage: name, steps }: Pick<TrainJob, "config" | "stage" | "steps">,
  { model, options }: OpenModel,
  task: Task,
  train: ImageSource,
): { stage: Stage; context: BatchContext } {
  const stage = model.stages(options, task).find((one) => one.name === name);
  if (!stage) throw new Error(`model ${model.name} has no stage ${name}`);
  const random = createStream(config.seed, "stage", model.name, name);
  return { stage, context: { task, steps, batchSize: stage.batchSize, train, random } };
}
