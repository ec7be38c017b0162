/** Every step encodes its own images, as DiT's and SiT's training scripts do: nothing is kept, the encoder is part of the step. */
import type { Tensors } from "../../../harness/program/index.ts";
import { encode, posteriorOf } from "./autoencoder.ts";
import { encoderProgram, rowImages } from "./encoder.ts";
import { encodeRows, encodingCost } from "./latent-cache.ts";
import type { Encoding, LatentSource } from "./latent-source.ts";

/** Names of the frozen encoder's states begin with it, as in CompVis's models; no DiT has them. */
const SCOPE = "first_stage_model.";
const ENCODER = /^(encoder|quant_conv)\./;

/**
 * Input `images`, and the encoder as frozen states.
 * @param batch images a step
 * @param measures whether latents are scaled by 1/σ, here of the first step's, as in latent diffusion
 */
export function encodedLatents(encoding: Encoding, batch: number, measures: boolean): LatentSource {
  const { autoencoder, resolution } = encoding;
  const { macs, flops } = encoderProgram(autoencoder, batch, resolution);
  return {
    encoding: { macs, flops },
    posterior(p, size) {
      const images = p.input("images", [size, 3, resolution, resolution]);
      return posteriorOf(encode(p.scope(SCOPE, { trainable: false }), images, autoencoder));
    },
    inputs: async ({ train }, _, rows) => ({ images: await rowImages(train, resolution, rows) }),
    start: ({ previous }) => frozen(previous.VAE!),
    ...(measures && {
      prepare: async (context, first) => {
        const { scale } = await encodeRows(context, encoding, first);
        return { scale: scale! };
      },
      preparationCost: () => ({
        what: "encoding the first batch, for the latents' scale",
        ...encodingCost(encoding, batch),
      }),
    }),
  };
}

const frozen = (autoencoder: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(autoencoder)
      .filter(([name]) => ENCODER.test(name))
      .map(([name, tensor]) => [SCOPE + name, tensor]),
  );
