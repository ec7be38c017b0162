/** EPG's two objectives from one pre-training: many steps as a diffusion model, one as a consistency model. */
import { defineConfig, epg, heun, oneStep, shapes } from "epg-bench";

export default defineConfig({
  dataset: shapes({ resolution: 32, train: 2048, reference: 1024, heldOut: 256 }),
  samples: 256,
  budget: { trainingFlops: 1e13 },
  checkpoints: 4,
  entries: {
    "EPG, Heun 16": epg({ size: "tiny", sampler: heun(16), pretraining: { share: 0.15 } }),
    "EPG, one step": epg({
      size: "tiny",
      objective: "consistency",
      sampler: oneStep(),
      pretraining: { share: 0.15 },
    }),
  },
});
