/**
 * What `epg-bench run` does without a config: EPG and a VAE-based latent baseline on procedural shapes, at equal compute;
 * and beside them what both become with fifteen times that compute, from shipped weights.
 */
import { ddim, defineConfig, epg, heun, latent, shapes, shippedEntries } from "epg-bench";

export default defineConfig({
  dataset: shapes({ resolution: 32, train: 2048, reference: 1024, heldOut: 256 }),
  samples: 256,
  // What two CPU cores train in one to two minutes an entry.
  budget: { trainingFlops: 4e12 },
  checkpoints: 4,
  entries: {
    // 2·16 − 1 = 31 network calls, as many as the latent model's.
    "EPG, Heun 16": epg({
      size: "tiny",
      sampler: heun(16),
      // FD 127 in place of 151 on shapes at 6 TFLOP, 337 in place of 588 on photos at 20; at 62 TFLOP the released weight leads, 75 to 114.
      lossWeight: "none",
      pretraining: { share: 0.15 },
    }),
    "VAE + DiT": latent({ size: "tiny", sampler: ddim(31), guidance: { scale: 1 }, vaeShare: 0.25 }),
    ...shippedEntries(),
  },
});
