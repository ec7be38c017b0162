/**
 * EPG-L/16 as it was consistency-tuned on ImageNet at 256 pixels: FID 8.82 with one network call. `--dry-run` tells
 * what that takes; `--data FOLDER` names ImageNet's training images, in a folder a class.
 */
import { defineConfig, epg, oneStep } from "epg-bench";
import { imageNet, released } from "./imagenet.ts";

export default defineConfig({
  ...imageNet(256),
  // The released script does not balance them.
  labels: "frequency",
  entries: {
    "EPG-L/16, one step": epg({
      size: "L/16",
      objective: "consistency",
      sampler: oneStep(),
      ...released,
      // The paper's: 560 epochs of batches of 1,024.
      steps: 700_000,
    }),
  },
});
