/**
 * AutoencoderKL, the first stage of latent diffusion (Rombach et al., arXiv:2112.10752, appendix G; layers of
 * CompVis/latent-diffusion `ldm/modules/diffusionmodules/model.py`), under diffusers' parameter names.
 */
import {
  add,
  attention,
  clip,
  exp,
  mul,
  pad,
  reshape,
  silu,
  split,
  square,
  sub,
  sum,
  type Tracer,
  transpose,
  upsampleNearest,
  type Value,
} from "../../../harness/program/index.ts";
import { convolution, dense, normalizeGroups } from "./layers.ts";

export interface AutoencoderConfig {
  /** Channels of each level, finest first; each level but the last halves the sides. */
  readonly channels: readonly number[];
  /** Residual blocks a level in the encoder; the decoder has one more. */
  readonly blocks: number;
  /** Groups of every GroupNorm. */
  readonly groups: number;
  readonly latentChannels: number;
}

/** Sides of an image divided by those of its latent. */
export const downsamplingOf = ({ channels }: AutoencoderConfig): number => 2 ** (channels.length - 1);

/** GroupNorm → SiLU → 3×3 → GroupNorm → SiLU → 3×3, plus x (through a 1×1 where channels change). */
const residual = (p: Tracer, x: Value, channels: number, groups: number): Value =>
  p.block(() => {
    const first = convolution(p, "conv1", silu(normalizeGroups(p, "norm1", x, groups)), channels);
    const second = convolution(p, "conv2", silu(normalizeGroups(p, "norm2", first, groups)), channels);
    const shortcut =
      x.shape[1] === channels ? x : convolution(p, "conv_shortcut", x, channels, { kernel: 1 });
    return add(shortcut, second);
  });

/** Attention with one head over all positions, added to x. */
function positionAttention(p: Tracer, x: Value, groups: number): Value {
  const [n, channels, height, width] = x.shape as readonly [number, number, number, number];
  const normalized = reshape(normalizeGroups(p, "group_norm", x, groups), [n, channels, height * width]);
  const tokens = transpose(normalized, [0, 2, 1]);
  const head = (name: string): Value =>
    reshape(dense(p, name, tokens, channels), [n, 1, height * width, channels]);
  const attended = reshape(attention(head("to_q"), head("to_k"), head("to_v")), tokens.shape);
  return add(x, reshape(transpose(dense(p, "to_out.0", attended, channels), [0, 2, 1]), x.shape));
}

function middle(p: Tracer, x: Value, groups: number): Value {
  const channels = x.shape[1]!;
  const first = residual(p.scope("resnets.0."), x, channels, groups);
  const attended = p.block(() => positionAttention(p.scope("attentions.0."), first, groups));
  return residual(p.scope("resnets.1."), attended, channels, groups);
}

const head = (p: Tracer, x: Value, channels: number, groups: number): Value =>
  convolution(p, "conv_out", silu(normalizeGroups(p, "conv_norm_out", x, groups)), channels);

/**
 * Images [N, 3, H, W] in [−1, 1] → moments [N, 2·latentChannels, H/f, W/f]: the mean's channels, then those of
 * the log-variance, not yet clamped.
 */
export function encode(
  p: Tracer,
  images: Value,
  { channels, blocks, groups, latentChannels }: AutoencoderConfig,
): Value {
  const encoder = p.scope("encoder.");
  let x = convolution(encoder, "conv_in", images, channels[0]!);
  channels.forEach((width, level) => {
    const down = encoder.scope(`down_blocks.${level}.`);
    for (let block = 0; block < blocks; block++)
      x = residual(down.scope(`resnets.${block}.`), x, width, groups);
    // One row of zeros below and one column at the right, nothing opposite: a stride of 2 over even sides.
    if (level < channels.length - 1)
      x = convolution(down, "downsamplers.0.conv", pad(pad(x, 2, 0, 1), 3, 0, 1), width, {
        stride: 2,
        padding: 0,
      });
  });
  x = head(encoder, middle(encoder.scope("mid_block."), x, groups), 2 * latentChannels, groups);
  return convolution(p, "quant_conv", x, 2 * latentChannels, { kernel: 1 });
}

/** Latents [N, latentChannels, h, w], unscaled → images [N, 3, h·f, w·f], unbounded. */
export function decode(
  p: Tracer,
  latents: Value,
  { channels, blocks, groups, latentChannels }: AutoencoderConfig,
): Value {
  const decoder = p.scope("decoder.");
  let x = convolution(p, "post_quant_conv", latents, latentChannels, { kernel: 1 });
  x = middle(decoder.scope("mid_block."), convolution(decoder, "conv_in", x, channels.at(-1)!), groups);
  channels.toReversed().forEach((width, level) => {
    const up = decoder.scope(`up_blocks.${level}.`);
    for (let block = 0; block <= blocks; block++)
      x = residual(up.scope(`resnets.${block}.`), x, width, groups);
    if (level < channels.length - 1) x = convolution(up, "upsamplers.0.conv", upsampleNearest(x, 2), width);
  });
  return head(decoder, x, 3, groups);
}

/** A diagonal Gaussian for each latent; both [N, C, h, w]. */
export interface Posterior {
  readonly mean: Value;
  /** Clamped to [−30, 20]. */
  readonly logVariance: Value;
}

export function posteriorOf(moments: Value): Posterior {
  const [mean, logVariance] = split(moments, 1, 2) as readonly [Value, Value];
  return { mean, logVariance: clip(logVariance, -30, 20) };
}

/** μ + e^(logσ²/2)·noise */
export const samplePosterior = ({ mean, logVariance }: Posterior, noise: Value): Value =>
  add(mean, mul(exp(mul(logVariance, 0.5)), noise));

/** KL(posterior ‖ N(0, 1)) of each image, [N]: ½ Σ (μ² + σ² − 1 − log σ²). */
export function divergenceFromNormal({ mean, logVariance }: Posterior): Value {
  const each = sub(add(square(mean), exp(logVariance)), add(logVariance, 1));
  return mul(sum(each, [1, 2, 3]), 0.5);
}
