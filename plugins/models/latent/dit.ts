/** DiT (Peebles & Xie, arXiv:2212.09748; facebookresearch/DiT `models.py`), under its released parameter names. */
import {
  add,
  attention,
  concat,
  constant,
  cos,
  gather,
  geluTanh,
  layerNorm,
  linear,
  mul,
  normal,
  reshape,
  silu,
  sin,
  split,
  type Tracer,
  transpose,
  type Value,
  xavierUniform,
  zeros,
} from "../../../harness/program/index.ts";
import { dense } from "./layers.ts";

export interface DitConfig {
  /** Side of the latents. */
  readonly side: number;
  readonly latentChannels: number;
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Classes; the label table's row after the last is the null label's. */
  readonly classes: number;
  /** Channels predicted: twice the latent's where the variance is learned. */
  readonly outputChannels: number;
}

const FREQUENCIES = 256;
const EPSILON = 1e-6;

/**
 * [1, side², width] positions, never trained. First half of the channels from the column, second from the row;
 * each half sines, then cosines, of position·10000^(−4i/width).
 */
function positionTable(side: number, width: number): Float64Array {
  const quarter = width / 4;
  const table = new Float64Array(side * side * width);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const offset = (row * side + column) * width;
      for (let i = 0; i < quarter; i++) {
        const frequency = 10000 ** (-i / quarter);
        table[offset + i] = Math.sin(column * frequency);
        table[offset + quarter + i] = Math.cos(column * frequency);
        table[offset + 2 * quarter + i] = Math.sin(row * frequency);
        table[offset + 3 * quarter + i] = Math.cos(row * frequency);
      }
    }
  return table;
}

/** [N] times → [N, 256]: cosines, then sines, of t·10000^(−i/128). */
export function timeFrequencies(t: Value): Value {
  const half = FREQUENCIES / 2;
  const data = Float64Array.from({ length: half }, (_, i) => 10000 ** (-i / half));
  const angles = mul(reshape(t, [t.shape[0]!, 1]), constant({ dtype: "float32", shape: [1, half], data }));
  return concat([cos(angles), sin(angles)], 1);
}

/** Xavier-uniform weight, zero bias: `initialize_weights` of the released code. */
const xavier = (p: Tracer, name: string, x: Value, width: number): Value =>
  dense(p, name, x, width, { weight: xavierUniform(x.shape.at(-1)!, width), bias: zeros });

const zeroDense = (p: Tracer, name: string, x: Value, width: number): Value =>
  dense(p, name, x, width, { weight: zeros, bias: zeros });

/** `parts` vectors of the tokens' width from the conditioning, each [N, 1, width]. */
function modulation(p: Tracer, conditioning: Value, parts: number): readonly Value[] {
  const [n, width] = conditioning.shape as readonly [number, number];
  const all = zeroDense(p, "adaLN_modulation.1", silu(conditioning), parts * width);
  return split(all, 1, parts).map((part) => reshape(part, [n, 1, width]));
}

/** LN(x)·(1 + scale) + shift, LN without affine parameters. */
const modulate = (x: Value, shift: Value, scale: Value): Value =>
  add(mul(layerNorm(x, undefined, undefined, EPSILON), add(scale, 1)), shift);

function selfAttention(p: Tracer, x: Value, heads: number): Value {
  const [n, tokens, width] = x.shape as readonly [number, number, number];
  const qkv = reshape(xavier(p, "qkv", x, 3 * width), [n, tokens, 3, heads, width / heads]);
  const [q, k, v] = split(transpose(qkv, [2, 0, 3, 1, 4]), 0, 3).map((part) =>
    reshape(part, [n, heads, tokens, width / heads]),
  ) as [Value, Value, Value];
  return xavier(p, "proj", reshape(transpose(attention(q, k, v), [0, 2, 1, 3]), x.shape), width);
}

/** adaLN-zero: each branch modulated before and gated after, by regressions from the conditioning that begin at 0. */
export function block(p: Tracer, x: Value, conditioning: Value, heads: number): Value {
  const width = x.shape[2]!;
  const [shift1, scale1, gate1, shift2, scale2, gate2] = modulation(p, conditioning, 6) as [
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  const y = add(x, mul(gate1, selfAttention(p.scope("attn."), modulate(x, shift1, scale1), heads)));
  const hidden = geluTanh(xavier(p, "mlp.fc1", modulate(y, shift2, scale2), 4 * width));
  return add(y, mul(gate2, xavier(p, "mlp.fc2", hidden, width)));
}

/** [N, C, side, side] → [N, (side/patch)², width]: a patch × patch convolution of that stride, as one product. */
export function embedPatches(p: Tracer, x: Value, { patch, width }: DitConfig): Value {
  const [n, channels, side] = x.shape as readonly [number, number, number];
  const grid = side / patch;
  const inside = channels * patch * patch;
  const weight = p.parameter(
    "x_embedder.proj.weight",
    [width, channels, patch, patch],
    xavierUniform(inside, width),
  );
  const bias = p.parameter("x_embedder.proj.bias", [width], zeros);
  const patches = transpose(reshape(x, [n, channels, grid, patch, grid, patch]), [0, 2, 4, 1, 3, 5]);
  return linear(reshape(patches, [n, grid * grid, inside]), reshape(weight, [width, inside]), bias);
}

const small = { weight: normal(0.02), bias: zeros };

/** [N] times → [N, width] */
export function embedTime(p: Tracer, t: Value, width: number): Value {
  const hidden = silu(dense(p, "t_embedder.mlp.0", timeFrequencies(t), width, small));
  return dense(p, "t_embedder.mlp.2", hidden, width, small);
}

/** Conditioning [N, width]: embedded time plus embedded label. */
export function condition(p: Tracer, t: Value, labels: Value, { width, classes }: DitConfig): Value {
  const time = embedTime(p, t, width);
  const table = p.parameter("y_embedder.embedding_table.weight", [classes + 1, width], normal(0.02));
  return add(time, gather(table, labels));
}

/**
 * The network: latents x [N, C, side, side], times t [N], labels [N] (int32; `classes` is the null label)
 * → [N, outputChannels, side, side]: predicted noise, then the variance's interpolation where it is learned.
 */
export function dit(p: Tracer, x: Value, t: Value, labels: Value, config: DitConfig): Value {
  const { side, patch, width, depth, heads, outputChannels } = config;
  const [n, grid] = [x.shape[0]!, side / patch];
  const positions = p.state("pos_embed", [1, grid * grid, width], {
    kind: "values",
    data: positionTable(grid, width),
  });
  const conditioning = condition(p, t, labels, config);
  let tokens = add(embedPatches(p, x, config), positions);
  for (let i = 0; i < depth; i++)
    tokens = p.block(() => block(p.scope(`blocks.${i}.`), tokens, conditioning, heads));
  const last = p.scope("final_layer.");
  const [shift, scale] = modulation(last, conditioning, 2) as [Value, Value];
  const patches = zeroDense(last, "linear", modulate(tokens, shift, scale), patch * patch * outputChannels);
  const image = transpose(
    reshape(patches, [n, grid, grid, patch, patch, outputChannels]),
    [0, 5, 1, 3, 2, 4],
  );
  return reshape(image, [n, outputChannels, side, side]);
}
