/** Files in place of stages: of both halves, or of the autoencoder. */
import type { Pretrained } from "../../../harness/plugin.ts";
import { openAutoencoder } from "./autoencoder-checkpoint.ts";
import { halvesOf, openCheckpoint } from "./checkpoint.ts";
import type { LatentOptions } from "./options.ts";
import { ditFor, SIZES } from "./sizes.ts";

export function pretrained(options: LatentOptions): readonly Pretrained[] {
  if (options.weights !== null) return halves(options, options.weights);
  return options.vae.weights === null ? [] : [autoencoder(options.size, options.vae.weights)];
}

const halves = ({ size, objective }: LatentOptions, file: string): readonly Pretrained[] =>
  halvesOf(objective).map((stage) => ({
    stage,
    file,
    async open(path, task) {
      const title = `latent ${size} at ${task.resolution} px with ${task.classes} classes`;
      const { autoencoder } = SIZES[size];
      const { read, close } = await openCheckpoint(path, autoencoder, ditFor(size, task), objective, title);
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
