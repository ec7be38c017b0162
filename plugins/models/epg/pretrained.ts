/** Sampling from a checkpoint in place of training. */
import type { Pretrained, Task } from "../../../harness/plugin.ts";
import { openCheckpoint, told } from "./checkpoint.ts";
import type { EpgOptions } from "./options.ts";
import { networkShape } from "./sizes.ts";

/** @param stage the one whose weights the sampler takes */
export function pretrained({ weights, size }: EpgOptions, stage: string): Pretrained | null {
  if (weights === null) return null;
  return {
    file: weights.file,
    async open(path: string, task: Task) {
      const shape = networkShape(size, task);
      const title = `EPG ${size} at ${task.resolution} px with ${task.classes} classes`;
      const { part, read, close } = await openCheckpoint(path, shape, weights.part, title);
      return { part: `the part ${told(part)}`, read: async () => ({ [stage]: await read() }), close };
    },
  };
}
