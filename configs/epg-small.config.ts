/** EPG's small size against the latent baseline's, on a folder of photographs (give it with --data). */
import { ddim, defineConfig, epg, heun, imageFolder, latent } from "epg-bench";

export default defineConfig({
  dataset: imageFolder({ folder: ".", resolution: 64 }),
  budget: { trainingFlops: 3e14 },
  checkpoints: 10,
  entries: {
    "EPG small, Heun 16": epg({ size: "small", sampler: heun(16) }),
    "VAE + DiT small": latent({ size: "small", sampler: ddim(31), guidance: { scale: 1 } }),
  },
});
