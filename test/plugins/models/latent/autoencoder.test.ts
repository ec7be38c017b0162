import { describe, expect, it } from "vitest";
import { decoderProgram } from "../../../../plugins/models/latent/decoder.ts";
import { encoderProgram } from "../../../../plugins/models/latent/encoder.ts";
import { SD_VAE } from "../../../../plugins/models/latent/sizes.ts";
import { vaeStep } from "../../../../plugins/models/latent/vae-stage.ts";

describe("the SD-VAE", () => {
  it("has 83,653,863 parameters", () => {
    expect(vaeStep(SD_VAE, 1, 64, { perceptual: null, adversarialWeight: null }).parameters).toBe(83_653_863);
  });

  it.each([
    [256, 136.4, 311.1],
    [512, 558.3, 1257.3],
  ])("takes the published GMACs at %d px", (side, encoding, decoding) => {
    expect(encoderProgram(SD_VAE, 1, side).macs / 1e9).toBeCloseTo(encoding, 1);
    expect(decoderProgram(SD_VAE, 1, side / 8).macs / 1e9).toBeCloseTo(decoding, 1);
  });
});
