/**
 * The discriminator of latent diffusion's autoencoders: PatchGAN (Isola et al., arXiv:1611.07004, §3.2.2) of three layers,
 * each of whose outputs judges a patch of 70×70 pixels, under the names of CompVis's `NLayerDiscriminator`.
 */
import {
  add,
  batchNorm,
  conv2d,
  maximum,
  mean,
  mul,
  neg,
  normal,
  relu,
  reshape,
  stopGradient,
  sub,
  type Tracer,
  transpose,
  uniform,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";

const WIDTHS = [64, 128, 256, 512] as const;
/** Initial deviation of weights and of normalisation's scales, as pix2pix has them. */
const DEVIATION = 0.02;

/** The smallest image side that leaves an output. */
export const SMALLEST_JUDGED = 24;

/** By the statistics of the batch, over all its places. */
function normalizeBatch(p: Tracer, name: string, x: Value): Value {
  const [n, channels, height, width] = x.shape as readonly [number, number, number, number];
  const scale = p.parameter(`${name}.weight`, [channels], normal(DEVIATION, 1));
  const bias = p.parameter(`${name}.bias`, [channels], zeros);
  const rows = reshape(transpose(x, [0, 2, 3, 1]), [n * height * width, channels]);
  return transpose(reshape(batchNorm(rows, scale, bias).y, [n, height, width, channels]), [0, 3, 1, 2]);
}

/** A 4×4 convolution; those that a normalisation follows have no bias. */
function convolution(
  p: Tracer,
  name: string,
  x: Value,
  channels: number,
  { stride, biased }: { readonly stride: number; readonly biased: boolean },
): Value {
  const from = x.shape[1]!;
  const weight = p.parameter(`${name}.weight`, [channels, from, 4, 4], normal(DEVIATION));
  const bias = biased
    ? p.parameter(`${name}.bias`, [channels], uniform(1 / Math.sqrt(16 * from)))
    : undefined;
  return conv2d(x, weight, bias, { stride, padding: 1 });
}

const leaky = (x: Value): Value => maximum(x, mul(x, 0.2));

/** Images [N, 3, H, W] in [−1, 1] → how real each patch looks, [N, 1, h, w], unbounded. */
export function judge(p: Tracer, images: Value): Value {
  let x = images;
  let index = 0;
  WIDTHS.forEach((width, layer) => {
    const stride = layer < WIDTHS.length - 1 ? 2 : 1;
    x = convolution(p, `main.${index}`, x, width, { stride, biased: layer === 0 });
    if (layer > 0) x = normalizeBatch(p, `main.${index + 1}`, x);
    x = leaky(x);
    index += layer > 0 ? 3 : 2;
  });
  return convolution(p, `main.${index}`, x, 1, { stride: 1, biased: true });
}

/** What trains the autoencoder: −mean of the judgements of its images. */
export const generatorLoss = (fake: Value): Value => neg(mean(fake));

/** What trains the discriminator: ½·(mean max(0, 1 − real) + mean max(0, 1 + fake)), the hinge. */
export const discriminatorLoss = (real: Value, fake: Value): Value =>
  mul(add(mean(relu(sub(1, real))), mean(relu(add(fake, 1)))), 0.5);

/** The same parameters, through which no gradient reaches them. */
export const frozen = (p: Tracer): Tracer => ({
  ...p,
  parameter: (...declared) => stopGradient(p.parameter(...declared)),
});
