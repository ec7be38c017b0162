/**
 * EPG against its latent rival on a folder of photographs (give it with --data), on the same terms: each as it is published,
 * then from the same weights at the same numbers of calls, unguided and with the best of two guidance scales.
 * About forty minutes on two cores that do other things beside. `--dry-run` tells every row's calls and FLOPs.
 */
import { ddim, defineConfig, epg, heun, imageFolder, latent, oneStep } from "epg-bench";

const pretraining = { share: 0.3 };

export default defineConfig({
  dataset: imageFolder({ folder: ".", resolution: 64 }),
  budget: { trainingFlops: 1e13 },
  comparison: {
    // The last is EPG's own: 32 steps of Heun, 63 calls and 12 of guidance.
    calls: [1, 7, 31, 75],
    guidance: [1.5, 3],
    validationSamples: 64,
  },
  // Quality along training. The first images of every entry are made after 30 % of it, all pre-training or VAE before.
  milestones: [0.4, 0.7],
  entries: {
    // The 75 calls of the paper, its scale for 256 px.
    "EPG, Heun 32": epg({
      size: "tiny",
      sampler: heun(32),
      guidance: { scale: 2.5 },
      // As configs/photos.config.ts, for a training this short.
      lossWeight: "none",
      pretraining,
    }),
    "EPG, one step": epg({ size: "tiny", objective: "consistency", sampler: oneStep(), pretraining }),
    // DiT's guidance, on three channels; 50 steps of DDIM in place of its 250 ancestral ones.
    "VAE + DiT": latent({
      size: "tiny",
      sampler: ddim(50),
      guidance: { scale: 1.5, channels: 3 },
      vaeShare: 0.25,
    }),
  },
});
