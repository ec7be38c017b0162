/** EPG's base size against the latent baseline's, on a folder of photographs (give it with --data). */
import { ddim, defineConfig, epg, heun, imageFolder, latent } from "epg-bench";

export default defineConfig({
  dataset: imageFolder({ folder: ".", resolution: 64 }),
  budget: { trainingFlops: 3e15 },
  checkpoints: 10,
  entries: {
    "EPG base, Heun 16": epg({ size: "base", sampler: heun(16) }),
    "VAE + DiT base": latent({ size: "base", sampler: ddim(31), guidance: { scale: 1 } }),
  },
});
