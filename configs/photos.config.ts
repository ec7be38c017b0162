/** What `epg-bench run --data FOLDER` does: the default run on a folder of real photographs, at 64 pixels. */
import { ddim, defineConfig, epg, heun, imageFolder, latent } from "epg-bench";

export default defineConfig({
  // Replaced by the folder given with --data.
  dataset: imageFolder({ folder: ".", resolution: 64 }),
  budget: { trainingFlops: 7e12 },
  checkpoints: 4,
  entries: {
    "EPG, Heun 16": epg({
      size: "tiny",
      sampler: heun(16),
      // FD 127 in place of 151 on shapes at 6 TFLOP, 337 in place of 588 on photos at 20; at 62 TFLOP the released weight leads, 75 to 114.
      lossWeight: "none",
      pretraining: { share: 0.15 },
    }),
    "VAE + DiT": latent({ size: "tiny", sampler: ddim(31), guidance: { scale: 1 }, vaeShare: 0.25 }),
  },
});
