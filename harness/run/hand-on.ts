/** What a stage hands on: its weights, at the end or at a milestone on the way, and what training took up to there. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { NO_WORK, workOfSteps } from "../measure/ledger.ts";
import type { Position } from "./checkpoint.ts";
import type { TrainResult } from "./jobs.ts";
import type { Training } from "./steps.ts";
import { digest, readStored, store } from "./store.ts";
import { WEIGHTS, writeTensors } from "./tensors.ts";

/** Writes `weights.safetensors` into `folder`. */
export async function handOn(
  { stage, executable, preparation }: Training,
  { step, wallSeconds, inputWaitSeconds, peakMemoryBytes, loss }: Position,
  folder: string,
): Promise<TrainResult> {
  const file = join(folder, WEIGHTS);
  await writeTensors(file, stage.result(await executable.readState()));
  const { batchSize, encoding = NO_WORK, program } = stage;
  return {
    ...workOfSteps(step, { ...program, batchSize, encoding, preparation }),
    weightsSha256: (await digest(file)).sha256,
    wallSeconds,
    inputWaitSeconds,
    peakMemoryBytes,
    finalLoss: loss,
  };
}

/** Keeps the weights of this step where a milestone asks for them, as a training that ended here would have. */
export async function leaveMilestone(training: Training, position: Position): Promise<void> {
  const milestone = training.job.milestones.find(({ step }) => step === position.step);
  if (!milestone || (await readStored(milestone.folder))) return;
  await mkdir(milestone.folder, { recursive: true });
  await store(milestone.folder, await handOn(training, position, milestone.folder), [WEIGHTS]);
}
