/**
 * EPG-XL/16 as it was trained on ImageNet at 256 pixels: FID 2.04 with 75 network calls. `--dry-run` tells what that
 * takes; `--data FOLDER` names ImageNet's training images, in a folder a class.
 */
import { announced, defineConfig, epg, heunReleased } from "epg-bench";

export default defineConfig({
  dataset: announced({ title: "ImageNet-1K", resolution: 256, classes: 1000, train: 1_281_167 }),
  samples: 50_000,
  scoreAgainst: "train",
  labels: "balanced",
  entries: {
    "EPG-XL/16": epg({
      size: "XL/16",
      sampler: heunReleased(32),
      guidance: { scale: 2.5 },
      clamp: "released",
      pretraining: { steps: 600_000, temperature: "constant" },
      steps: 1_000_000,
    }),
  },
});
