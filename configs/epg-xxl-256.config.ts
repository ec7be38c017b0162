/**
 * EPG-XXL/16 as it was trained on ImageNet at 256 pixels: FID 1.87 with 75 network calls. Guidance is the released
 * script's for XL. `--dry-run` tells what it takes; `--data FOLDER` names ImageNet's training images.
 */
import { announced, defineConfig, epg, heunReleased } from "epg-bench";

export default defineConfig({
  dataset: announced({ title: "ImageNet-1K", resolution: 256, classes: 1000, train: 1_281_167 }),
  samples: 50_000,
  scoreAgainst: "train",
  labels: "balanced",
  entries: {
    "EPG-XXL/16": epg({
      size: "XXL/16",
      sampler: heunReleased(32),
      guidance: { scale: 2.5 },
      clamp: "released",
      pretraining: { steps: 600_000, temperature: "constant" },
      // 800 epochs of batches of 1,024.
      steps: 1_000_000,
    }),
  },
});
