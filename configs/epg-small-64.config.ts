/** Both objectives of EPG's small size from one pre-training, on a folder of photographs (give it with --data): about an hour on two cores. */
import { defineConfig, epg, heun, imageFolder, oneStep } from "epg-bench";

const pretraining = { share: 0.3 };

export default defineConfig({
  dataset: imageFolder({ folder: ".", resolution: 64 }),
  budget: { trainingFlops: 3e14 },
  checkpoints: 10,
  entries: {
    "EPG small, Heun 16": epg({ size: "small", sampler: heun(16), pretraining }),
    "EPG small, one step": epg({ size: "small", objective: "consistency", sampler: oneStep(), pretraining }),
  },
});
