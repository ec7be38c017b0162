/** What `epg-bench run` does without a config: EPG and a VAE-based latent baseline on procedural shapes, at equal compute. */
import { ddim, defineConfig, epg, heun, latent, shapes } from "epg-bench";

export default defineConfig({
  dataset: shapes({ resolution: 32, train: 2048, reference: 1024, heldOut: 512 }),
  samples: 512,
  budget: { trainingFlops: 1.2e13 },
  checkpoints: 4,
  entries: {
    // 2·16 − 1 = 31 network calls
    "EPG, Heun 16": epg({ size: "tiny", sampler: heun(16) }),
    "VAE + DiT, DDIM 31": latent({ size: "tiny", sampler: ddim(31), guidance: { scale: 1 } }),
  },
});
