/** How training went. */
import type { Result } from "../harness/result.ts";
import { code, image } from "./text.ts";

export function curves({ run }: Result): string | null {
  if (!run.curves?.length) return null;
  return [
    "## Training",
    "Every point pale, their running mean (2 %) above; FLOPs of the stage so far.",
    ...run.curves.map(({ stage, svg }) => image(`loss of ${stage}`, svg)),
    `Losses, their parts, gradient norms and learning rates: ${run.curves.map(({ csv }) => code(csv)).join(", ")}; or ${code("tensorboard --logdir curves")} in the run folder.`,
  ].join("\n\n");
}
