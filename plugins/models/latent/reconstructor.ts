/** Real images through the autoencoder and back: its posterior's mean, decoded; judged by LPIPS where it is asked for. */
import type { Reconstructor, Runtime, StageWeights } from "../../../harness/plugin.ts";
import { toImages } from "../solvers/latent/to-images.ts";
import { type AutoencoderConfig, downsamplingOf } from "./autoencoder.ts";
import { openDecoder } from "./decoder.ts";
import { encoderProgram } from "./encoder.ts";
import { toNetwork } from "./images.ts";
import { openPerceptualJudge } from "./perceptual-judge.ts";
import type { PerceptualNetName } from "./perceptual-nets.ts";

export async function openReconstructor(
  config: AutoencoderConfig,
  resolution: number,
  weights: StageWeights,
  runtime: Runtime,
  batchSize: number,
  tile: number | null,
  lpips: PerceptualNetName | null,
): Promise<Reconstructor> {
  const encoder = await runtime.compile(
    encoderProgram(config, batchSize, resolution),
    weights.VAE!,
    "encoder",
  );
  const side = resolution / downsamplingOf(config);
  const decoder = await openDecoder(config, batchSize, side, tile, weights.VAE!, runtime);
  const judge = lpips && (await openPerceptualJudge(lpips, resolution, weights, runtime));
  return {
    batchSize,
    ...(judge && { judge }),
    async reconstruct(images) {
      const { mean } = await encoder.run({ images: toNetwork(images, resolution) });
      return toImages(await decoder.decode(mean!));
    },
    async dispose() {
      await encoder.dispose();
      await decoder.dispose();
      await judge?.dispose();
    },
  };
}
