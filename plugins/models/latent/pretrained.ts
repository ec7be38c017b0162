/** Files in place of stages: of both halves, or of the autoencoder. */
import type { Pretrained } from "../../../harness/plugin.ts";
import { openAutoencoder } from "./autoencoder-checkpoint.ts";
import { openCheckpoint } from "./checkpoint.ts";
import type { LatentOptions } from "./options.ts";
import { openPerceptual } from "./perceptual-checkpoint.ts";
import { ditFor, SIZES } from "./sizes.ts";
import { PERCEPTUAL_FILES } from "./vae-stage.ts";

export function pretrained(options: LatentOptions): readonly Pretrained[] {
  const { size, weights, vae } = options;
  if (weights !== null) return [...halves(size, weights), ...perceptual(options)];
  return [...(vae.weights === null ? [] : [autoencoder(size, vae.weights)]), ...perceptual(options)];
}

/** Where the loss does not look through it, it judges alone. */
function perceptual({ lpips, vae }: LatentOptions): readonly Pretrained[] {
  if (lpips === null) return [];
  return (["trunk", "linear"] as const).map((half, i) => ({
    stage: PERCEPTUAL_FILES[i]!,
    file: lpips[half],
    ...(vae.perceptual === null && { judges: true }),
    open: (path) => openPerceptual(path, `lpips.${half}`, lpips.net, half),
  }));
}

const halves = (size: LatentOptions["size"], file: string): readonly Pretrained[] =>
  (["VAE", "DiT"] as const).map((stage) => ({
    stage,
    file,
    async open(path, task) {
      const title = `latent ${size} at ${task.resolution} px with ${task.classes} classes`;
      const { autoencoder } = SIZES[size];
      const { read, close } = await openCheckpoint(path, autoencoder, ditFor(size, task), title);
      return { part: "the averages", read: () => read(stage), close };
    },
  }));

const autoencoder = (
  size: LatentOptions["size"],
  { file, part: role }: NonNullable<LatentOptions["vae"]["weights"]>,
): Pretrained => ({
  stage: "VAE",
  file,
  open: (path) => openAutoencoder(path, SIZES[size].autoencoder, role, `the autoencoder of latent ${size}`),
});
