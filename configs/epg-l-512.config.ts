/**
 * EPG-L/32 as it was trained on ImageNet at 512 pixels: FID 2.35 with 75 network calls. `--dry-run` tells what that
 * takes; `--data FOLDER` names ImageNet's training images, in a folder a class.
 */
import { announced, defineConfig, epg, heunReleased } from "epg-bench";

export default defineConfig({
  dataset: announced({ title: "ImageNet-1K", resolution: 512, classes: 1000, train: 1_281_167 }),
  samples: 50_000,
  scoreAgainst: "train",
  // The released script does not balance them.
  labels: "frequency",
  entries: {
    "EPG-L/32": epg({
      size: "L/32",
      sampler: heunReleased(32),
      guidance: { scale: 3.2 },
      clamp: "released",
      pretraining: { steps: 600_000, temperature: "constant" },
      steps: 1_000_000,
    }),
  },
});
