/** Pictures taken while a stage trains, always of the same seeds and labels; never billed. */
import type { StageWeights } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import type { TrainJob } from "./jobs.ts";
import { labelsOf } from "./labels.ts";
import type { OpenEntry } from "./open.ts";
import { reconstructed } from "./reconstruct.ts";
import { sampleStreams } from "./seeds.ts";

/** Images in a frame. */
const FRAME_IMAGES = 40;

/** Makes a frame, uint8 [FRAME_IMAGES, side, side, 3], from what the stage would hand on now. */
export type FrameMaker = (result: Tensors) => Promise<Uint8Array>;

/** null where the stage's weights alone cannot make images yet (pre-training). */
export function openFrames(
  { config, stage }: TrainJob,
  { model, options, backend, dataset, task }: OpenEntry,
  previous: StageWeights,
): FrameMaker | null {
  const weightsWith = (result: Tensors): StageWeights => ({ ...previous, [stage]: result });
  const isLast = model.stages(options, task).at(-1)!.name === stage;
  if (isLast) {
    const labels = [...labelsOf(config, dataset, FRAME_IMAGES)];
    return async (result) => {
      const sampler = await model.sampler(options, task, weightsWith(result), backend, FRAME_IMAGES);
      const images = await sampler.sample(sampleStreams(config.seed, 0, FRAME_IMAGES), labels);
      await sampler.dispose();
      return images;
    };
  }
  return model.reconstructor
    ? async (result) => {
        const reconstructor = await model.reconstructor!(options, task, weightsWith(result), backend);
        const images = await reconstructed(reconstructor, dataset.heldOut, FRAME_IMAGES);
        await reconstructor.dispose();
        return images;
      }
    : null;
}
