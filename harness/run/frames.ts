/** Pictures taken while a stage trains, always of the same seeds and labels; never billed. */
import type { StageWeights } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import type { TrainJob } from "./jobs.ts";
import { labelsOf } from "./labels.ts";
import type { OpenEntry } from "./open.ts";
import { weightsFrom } from "./pretrained.ts";
import { reconstructed } from "./reconstruct.ts";
import { sampleStreams } from "./seeds.ts";

/** Images in a frame. */
const FRAME_IMAGES = 40;

/** Makes a frame, uint8 [FRAME_IMAGES, side, side, 3], from what the stage would hand on now. */
export type FrameMaker = (result: Tensors) => Promise<Uint8Array>;

/** null where the stage's weights alone cannot make images yet (pre-training), or those beside them are not there. */
export async function openFrames(
  { config, stage, beside }: TrainJob,
  opened: OpenEntry,
  previous: StageWeights,
): Promise<FrameMaker | null> {
  const { model, options, backend, dataset, task } = opened;
  const isLast = model.stages(options, task).at(-1)!.name === stage;
  if (beside === null || !(isLast || model.reconstructor)) return null;
  const others = { ...(await weightsFrom(beside, opened)), ...previous };
  const weightsWith = (result: Tensors): StageWeights => ({ ...others, [stage]: result });
  if (isLast) {
    const labels = [...labelsOf(config, dataset, FRAME_IMAGES)];
    return async (result) => {
      const sampler = await model.sampler(options, task, weightsWith(result), backend, FRAME_IMAGES, config);
      const images = await sampler.sample(sampleStreams(config.seed, 0, FRAME_IMAGES), labels);
      await sampler.dispose();
      return images;
    };
  }
  return async (result) => {
    const reconstructor = await model.reconstructor!(options, task, weightsWith(result), backend);
    const batches: Uint8Array[] = [];
    for await (const { made } of reconstructed(reconstructor, dataset.heldOut, FRAME_IMAGES))
      batches.push(made);
    await reconstructor.dispose();
    return Buffer.concat(batches);
  };
}
