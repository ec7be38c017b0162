/** Files in place of stages: of both halves, or of either. */
import type { Pretrained } from "../../../harness/plugin.ts";
import { titleOf } from "../solvers/latent/objective.ts";
import { openAutoencoder } from "./autoencoder-checkpoint.ts";
import { halvesOf, openCheckpoint } from "./checkpoint.ts";
import { openDit } from "./dit-checkpoint.ts";
import type { LatentOptions } from "./options.ts";
import { openPerceptual } from "./perceptual-checkpoint.ts";
import { ditFor, SIZES, type Size } from "./sizes.ts";
import { PERCEPTUAL_FILES } from "./vae-stage.ts";

export function pretrained(options: LatentOptions): readonly Pretrained[] {
  const { size, weights, vae, dit } = options;
  if (weights !== null) return [...halves(options, weights), ...perceptual(options)];
  return [
    ...(dit.weights === null ? [] : [denoiser(options, dit.weights)]),
    ...(vae.weights === null ? [] : [autoencoder(size, vae.weights)]),
    ...perceptual(options),
  ];
}

/** Where the loss does not look through it, it judges alone. */
function perceptual({ lpips, vae }: LatentOptions): readonly Pretrained[] {
  if (lpips === null) return [];
  return (["trunk", "linear"] as const).map((half, i) => ({
    stage: PERCEPTUAL_FILES[i]!,
    file: lpips[half],
    ...(vae.perceptual === null && { judges: true }),
    autoencoder: true,
    open: (path) => openPerceptual(path, `lpips.${half}`, lpips.net, half),
  }));
}

const halves = ({ size, objective }: LatentOptions, file: string): readonly Pretrained[] =>
  halvesOf(objective).map((stage) => ({
    stage,
    file,
    ...(stage === "VAE" && { autoencoder: true }),
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
  autoencoder: true,
  open: (path) => openAutoencoder(path, SIZES[size].autoencoder, role, `the autoencoder of latent ${size}`),
});

const denoiser = (
  options: LatentOptions,
  { file, part: role }: NonNullable<LatentOptions["dit"]["weights"]>,
): Pretrained => ({
  stage: titleOf(options.objective),
  file,
  open: (path, task) => {
    const { size, objective, guidance, latentScale } = options;
    const number = (scale: Size["latentScale"] | undefined): number | null =>
      typeof scale === "number" ? scale : null;
    return openDit(path, {
      config: ditFor(size, task),
      title: `the ${titleOf(objective)} of latent ${size} at ${task.resolution} px with ${task.classes} classes`,
      kind: titleOf(objective),
      role,
      guidanceScale: guidance?.scale ?? null,
      latentScale: number(latentScale),
      usualLatentScale: number(SIZES[size].latentScale),
    });
  },
});
