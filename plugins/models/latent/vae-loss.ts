/** What the autoencoder is trained by (CompVis/latent-diffusion `ldm/modules/losses/contperceptual.py`). */
import {
  abs,
  add,
  clip,
  div,
  gradients,
  mean,
  mul,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tracer,
  type Value,
} from "../../../harness/program/index.ts";
import {
  type AutoencoderConfig,
  decode,
  divergenceFromNormal,
  encode,
  posteriorOf,
  samplePosterior,
} from "./autoencoder.ts";
import { discriminatorLoss, frozen, generatorLoss, judge } from "./discriminator.ts";
import { perceptualDistance } from "./perceptual.ts";
import type { PerceptualNet } from "./perceptual-nets.ts";

/** Weight of the divergence in latent diffusion's `kl-f8`. */
const KL_WEIGHT = 1e-6;
/** Names of what the loss keeps for itself begin with it; no autoencoder has them. */
export const LOSS_SCOPE = "loss.";
export const PERCEPTUAL_SCOPE = `${LOSS_SCOPE}perceptual_loss.`;
const LAST_LAYER = "decoder.conv_out.weight";

export interface VaeObjective {
  /** Adds LPIPS through that net, `weight` times in each pixel and channel: its weights are states under `PERCEPTUAL_SCOPE`. */
  readonly perceptual: { readonly net: PerceptualNet; readonly weight: number } | null;
  /** Adds a discriminator, with this weight before its adaptive one, and the input `adversarial`: 1 where it counts, else 0. */
  readonly adversarialWeight: number | null;
}

export interface VaeLoss {
  /** Scalars by name: `l1`, `kl`, and those of the parts that are asked for. */
  readonly parts: Readonly<Record<string, Value>>;
  /** What of it tells how far training has come: reconstruction and divergence. */
  readonly loss: Value;
  /** What is descended: the same, and the adversarial parts. */
  readonly total: Value;
}

/**
 * Batch means of Σ|x − x̂| and of the divergence, each summed over an image: l1 + 1e-6·kl. LPIPS is added C·H·W times
 * its weight, once a number of the image. The adversarial parts are −λ·mean D(x̂) for the autoencoder and, from the same images, the
 * hinge for the discriminator; as they share no parameter, one sum trains both.
 */
export function vaeLoss(
  p: Tracer,
  images: Value,
  noise: Value,
  config: AutoencoderConfig,
  { perceptual, adversarialWeight }: VaeObjective,
): VaeLoss {
  const posterior = posteriorOf(encode(p, images, config));
  const reconstruction = decode(p, samplePosterior(posterior, noise), config);
  const l1 = mean(sum(abs(sub(images, reconstruction)), [1, 2, 3]));
  const kl = mean(divergenceFromNormal(posterior));
  const divergence = mul(kl, KL_WEIGHT);
  const lpips = perceptual && lpipsOf(p, perceptual.net, images, reconstruction);
  const numbers = images.shape.slice(1).reduce((product, side) => product * side, 1);
  const likelihood = lpips ? add(l1, mul(lpips, numbers * perceptual!.weight)) : l1;
  const parts = { l1, kl, ...(lpips ? { lpips } : {}) };
  const loss = add(likelihood, divergence);
  if (adversarialWeight === null) return { parts, loss, total: loss };
  const game = adversarialLoss(p, images, reconstruction, likelihood, adversarialWeight);
  const counted = mul(p.input("adversarial", []), add(mul(game.weight, game.generator), game.discriminator));
  return { parts: { ...parts, ...game }, loss, total: add(loss, counted) };
}

const lpipsOf = (p: Tracer, net: PerceptualNet, images: Value, reconstruction: Value): Value =>
  mean(perceptualDistance(p.scope(PERCEPTUAL_SCOPE, { trainable: false }), net, reconstruction, images));

interface AdversarialLoss {
  readonly generator: Value;
  readonly discriminator: Value;
  readonly weight: Value;
}

function adversarialLoss(
  p: Tracer,
  images: Value,
  reconstruction: Value,
  likelihood: Value,
  share: number,
): AdversarialLoss {
  const own = p.scope(`${LOSS_SCOPE}discriminator.`);
  const discriminator = discriminatorLoss(judge(own, images), judge(own, stopGradient(reconstruction)));
  const generator = generatorLoss(judge(frozen(own), reconstruction));
  const weight = mul(adaptiveWeight(likelihood, generator, p.read(LAST_LAYER)), share);
  return { generator, discriminator, weight };
}

/** ‖∇likelihood‖ / (‖∇generator‖ + 1e-4) at the decoder's last layer, at most 1e4 (Esser et al., arXiv:2012.09841, eq. 7). */
function adaptiveWeight(likelihood: Value, generator: Value, lastLayer: Value): Value {
  const norm = (loss: Value): Value => sqrt(sum(square(gradients(loss, [lastLayer])[0]!)));
  return stopGradient(clip(div(norm(likelihood), add(norm(generator), 1e-4)), 0, 1e4));
}
