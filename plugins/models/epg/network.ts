/**
 * EPG's encoder and encoder-decoder (arXiv 2510.12586), parameters under their published names, so that
 * a released checkpoint loads by name. Tokens are [class token(s) | time token | patches].
 */
import {
  add,
  broadcastTo,
  concat,
  gather,
  type Initialiser,
  mul,
  normal,
  reshape,
  silu,
  slice,
  split,
  type Tracer,
  transpose,
  truncatedNormal,
  type Value,
  zeros,
} from "../../../harness/program/index.ts";
import { attend, dense, feedForward, norm } from "./layers.ts";
import { sineCosinePositions, timeEmbedding } from "./positions.ts";

export interface NetworkShape {
  /** Image side in pixels; a multiple of `patch`. */
  readonly resolution: number;
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly decoderWidth: number;
  readonly decoderDepth: number;
  readonly decoderHeads: number;
  /** Rows of the class table but the last, which is "no class". */
  readonly classes: number;
  /** Class tokens. */
  readonly tokens: number;
  /** Amplitude of the 2-D sines and cosines `pos_embed` starts from; null: truncated N(0, .02), as published. */
  readonly positionAmplitude: number | null;
  /** Standard deviation that `class_embed` starts with; published .02, beside a time embedding of amplitude 1. */
  readonly classDeviation: number;
}

const patchesOf = ({ resolution, patch }: NetworkShape): number => (resolution / patch) ** 2;

/** Tokens of a sequence: class, time, patches. */
export const sequenceLength = (shape: NetworkShape): number => shape.tokens + 1 + patchesOf(shape);

/** Pre-training's output before the projector: norm(x)[:, 0], [batch, width]. x [batch, 3, H, H], t = 250·ln σ [batch]. */
export function representation(p: Tracer, shape: NetworkShape, x: Value, t: Value): Value {
  const classToken = broadcastTo(classTokens(p, shape), [x.shape[0]!, shape.tokens, shape.width]);
  let sequence = tokens(p, shape, classToken, timeEmbedding(t, shape.width), x);
  for (let i = 0; i < shape.depth; i++)
    sequence = p.block(() => encoderBlock(p.scope(`blocks.${i}.`), sequence, shape, true));
  const first = reshape(slice(sequence, 1, 0, 1), [x.shape[0]!, shape.width]);
  return norm(p, "norm", first);
}

/**
 * The encoder-decoder: x [batch, 3, H, H] (already scaled by c_in), t = 250·ln σ [batch], y int32 [batch]
 * → [batch, 3, H, H].
 * @param dropout masks of the decoder's attention outputs, [decoderDepth, batch, tokens, decoderWidth]: 0 or 1/(1 − rate)
 */
export function network(
  p: Tracer,
  shape: NetworkShape,
  x: Value,
  t: Value,
  y: Value,
  dropout?: Value,
): Value {
  const batch = x.shape[0]!;
  const time = timeEmbedding(t, shape.width);
  const table = p.parameter(
    "class_embed.weight",
    [shape.classes + 1, shape.width],
    normal(shape.classDeviation),
  );
  const label = gather(table, y);
  const condition = silu(add(time, label));
  const classToken = add(classTokens(p, shape), reshape(label, [batch, 1, shape.width]));

  let sequence = tokens(p, shape, classToken, time, x);
  const skips: Value[] = [];
  for (let i = 0; i < shape.depth; i++) {
    sequence = p.block(() => encoderBlock(p.scope(`blocks.${i}.`), sequence, shape, false));
    skips.push(sequence);
  }
  sequence = norm(p, "norm", sequence);
  if (shape.decoderWidth !== shape.width)
    sequence = dense(p, "encoder_to_decoder", sequence, shape.decoderWidth);
  for (let i = 0; i < shape.decoderDepth; i++) {
    const mask = dropout && reshape(slice(dropout, 0, i, i + 1), dropout.shape.slice(1));
    const skip = skips.pop()!;
    sequence = p.block(() =>
      decoderBlock(p.scope(`decoder_blocks.${i}.`), sequence, skip, condition, shape, mask),
    );
  }
  const patches = slice(sequence, 1, 1 + shape.tokens, sequence.shape[1]!);
  const pixels = dense(p, "out", norm(p, "out_norm", patches), 3 * shape.patch ** 2, { initialiser: zeros });
  return unpatchify(pixels, shape);
}

const classTokens = (p: Tracer, { tokens: count, width }: NetworkShape): Value =>
  p.parameter("cls_token", [1, count, width], normal(1e-6));

/** The sequence before the first block: class tokens [batch, tokens, D], time [batch, D], image x. */
function tokens(p: Tracer, shape: NetworkShape, classToken: Value, time: Value, x: Value): Value {
  const batch = x.shape[0]!;
  const sequence = concat([classToken, reshape(time, [batch, 1, shape.width]), embedPatches(p, shape, x)], 1);
  const position = p.parameter("pos_embed", [1, sequence.shape[1]!, shape.width], positions(shape));
  return add(sequence, position);
}

const positions = (shape: NetworkShape): Initialiser =>
  shape.positionAmplitude === null
    ? truncatedNormal(0.02)
    : {
        kind: "values",
        data: sineCosinePositions(
          shape.resolution / shape.patch,
          shape.tokens + 1,
          shape.width,
          shape.positionAmplitude,
        ),
      };

/** A p×p convolution of stride p, as one product of flattened patches: its weight keeps the published [D, 3, p, p]. */
function embedPatches(p: Tracer, { patch, resolution, width }: NetworkShape, x: Value): Value {
  const batch = x.shape[0]!;
  const side = resolution / patch;
  const area = 3 * patch ** 2;
  const blocks = transpose(reshape(x, [batch, 3, side, patch, side, patch]), [0, 2, 4, 1, 3, 5]);
  return dense(p, "patch_embed.proj", reshape(blocks, [batch, side ** 2, area]), width, {
    storedShape: [width, 3, patch, patch],
  });
}

/** Tokens [batch, patches, p²·3], each laid out as (row, column, channel) → images [batch, 3, H, H]. */
function unpatchify(x: Value, { patch, resolution }: NetworkShape): Value {
  const batch = x.shape[0]!;
  const side = resolution / patch;
  const blocks = reshape(x, [batch, side, side, patch, patch, 3]);
  return reshape(transpose(blocks, [0, 5, 1, 3, 2, 4]), [batch, 3, resolution, resolution]);
}

function encoderBlock(p: Tracer, x: Value, shape: NetworkShape, separateBounds: boolean): Value {
  const attended = add(x, attend(p.scope("attn."), norm(p, "norm1", x), shape.heads, separateBounds));
  return add(attended, feedForward(p.scope("mlp."), norm(p, "norm2", attended)));
}

/** Skip connection, then adaLN-modulated attention and MLP (adaLN-Zero: arXiv:2212.09748 §3.2, norms keep their affine). */
function decoderBlock(
  p: Tracer,
  x: Value,
  skip: Value,
  condition: Value,
  shape: NetworkShape,
  mask: Value | undefined,
): Value {
  const width = shape.decoderWidth;
  const joined = norm(p, "skip_norm", dense(p, "skip_linear", concat([x, skip], 2), width));
  const modulation = dense(p, "adaLN_modulation.1", condition, 6 * width, { initialiser: zeros });
  const parts = split(reshape(modulation, [x.shape[0]!, 1, 6 * width]), 2, 6);
  const [shift1, scale1, gate1, shift2, scale2, gate2] = parts as [Value, Value, Value, Value, Value, Value];

  const attended = attend(
    p.scope("attn."),
    modulate(norm(p, "norm1", joined), shift1, scale1),
    shape.decoderHeads,
    false,
  );
  const y = add(joined, mul(gate1, mask ? mul(attended, mask) : attended));
  return add(y, mul(gate2, feedForward(p.scope("mlp."), modulate(norm(p, "norm2", y), shift2, scale2))));
}

const modulate = (x: Value, shift: Value, scale: Value): Value => add(mul(x, add(scale, 1)), shift);
