/** The default run with fifteen times the compute: half an hour to an hour on two cores, resumable (`--resume`). */
import { ddim, defineConfig, epg, heun, latent, shapes } from "epg-bench";

export default defineConfig({
  dataset: shapes({ resolution: 32, train: 4096, reference: 1024, heldOut: 512 }),
  samples: 512,
  budget: { trainingFlops: 6.2e13 },
  checkpoints: 10,
  entries: {
    "EPG, Heun 16": epg({ size: "tiny", sampler: heun(16), pretraining: { share: 0.15 } }),
    "VAE + DiT": latent({ size: "tiny", sampler: ddim(31), guidance: { scale: 1 }, vaeShare: 0.2 }),
  },
});
