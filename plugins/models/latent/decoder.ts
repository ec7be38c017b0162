/**
 * From latents to images, whole or in tiles: a tile takes the memory of a small image. Tiles are those of diffusers'
 * `AutoencoderKL.enable_tiling` (`tiled_decode`): each overlaps the one before by a quarter, from which it is faded in; the
 * last of a row or column are smaller. Normalisation and attention see a tile alone, so that images differ from those
 * decoded whole, and tones may differ between tiles.
 */
import type { Executable, Runtime } from "../../../harness/plugin.ts";
import { type Program, type Tensor, type Tensors, trace } from "../../../harness/program/index.ts";
import { type AutoencoderConfig, decode, downsamplingOf } from "./autoencoder.ts";

/** Unscaled `latents` [batch, C, height, width] → `images`. */
export const decoderProgram = (
  config: AutoencoderConfig,
  batch: number,
  height: number,
  width = height,
): Program =>
  trace("vae-decoder", (p) => {
    const latents = p.input("latents", [batch, config.latentChannels, height, width]);
    p.output("images", decode(p, latents, config));
  });

export interface Decoder {
  /** Unscaled latents [batch, C, side, side] → images [batch, 3, side·f, side·f]. */
  decode(latents: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/** @param tile side of a tile in pixels, a multiple of four times the downsampling; null: all at once */
export async function openDecoder(
  config: AutoencoderConfig,
  batch: number,
  side: number,
  tile: number | null,
  weights: Tensors,
  runtime: Runtime,
): Promise<Decoder> {
  const factor = downsamplingOf(config);
  const reach = tile === null ? side : tile / factor;
  const tiles = tilesOf(side, reach);
  const executables = new Map<string, Executable>();
  for (const height of new Set(tiles.map(({ size }) => size)))
    for (const width of new Set(tiles.map(({ size }) => size))) {
      const program = decoderProgram(config, batch, height, width);
      executables.set(`${height}×${width}`, await runtime.compile(program, weights, "decoder"));
    }
  const run = async (latents: Tensor): Promise<Tensor> => {
    const [, , height, width] = latents.shape;
    return (await executables.get(`${height}×${width}`)!.run({ latents })).images!;
  };
  return {
    decode: (latents) =>
      tiles.length === 1 ? run(latents) : decodeTiles(run, latents, tiles, reach, factor),
    async dispose() {
      for (const executable of executables.values()) await executable.dispose();
    },
  };
}

/** Along one side, in the latents. */
export interface Tile {
  readonly start: number;
  readonly size: number;
}

/** Tiles of `reach` with three quarters of it between their starts, as far as the side goes. */
export function tilesOf(side: number, reach: number): readonly Tile[] {
  if (reach >= side) return [{ start: 0, size: side }];
  const stride = (reach * 3) / 4;
  return Array.from({ length: Math.ceil(side / stride) }, (_, k) => ({
    start: k * stride,
    size: Math.min(reach, side - k * stride),
  }));
}

/** @param run decodes a tile */
export async function decodeTiles(
  run: (latents: Tensor) => Promise<Tensor>,
  latents: Tensor,
  tiles: readonly Tile[],
  reach: number,
  factor: number,
): Promise<Tensor> {
  const [batch, , side] = latents.shape as readonly [number, number, number, number];
  const kept = (reach * factor * 3) / 4;
  const overlap = (reach * factor) / 4;
  const shape = [batch, 3, side * factor, side * factor];
  const whole: Tensor = { dtype: "float32", shape, data: new Float32Array(batch * 3 * (side * factor) ** 2) };
  let above: readonly Tensor[] = [];
  for (const row of tiles) {
    const decoded: Tensor[] = [];
    for (const [k, column] of tiles.entries()) {
      const tile = await run(cut(cut(latents, 2, row), 3, column));
      if (above[k]) fadeIn(above[k], tile, 2, overlap);
      if (k > 0) fadeIn(decoded[k - 1]!, tile, 3, overlap);
      decoded.push(tile);
      place(tile, whole, row.start * factor, column.start * factor, kept);
    }
    above = decoded;
  }
  return whole;
}

/** Around an axis of [N, C, H, W]: how many runs of it there are, its length, and how many numbers lie between its places. */
function around({ shape }: Tensor, axis: number): readonly [outer: number, length: number, inner: number] {
  const product = (sides: readonly number[]): number => sides.reduce((all, side) => all * side, 1);
  return [product(shape.slice(0, axis)), shape[axis]!, product(shape.slice(axis + 1))];
}

function cut(tensor: Tensor, axis: number, { start, size }: Tile): Tensor {
  const [outer, length, inner] = around(tensor, axis);
  const data = new Float32Array(outer * size * inner);
  for (let o = 0; o < outer; o++) {
    const from = (o * length + start) * inner;
    data.set(tensor.data.subarray(from, from + size * inner), o * size * inner);
  }
  return { dtype: "float32", shape: tensor.shape.with(axis, size), data };
}

/** The first `overlap` places of `next` go from the last of `before` to their own, by k/overlap at place k. */
function fadeIn(before: Tensor, next: Tensor, axis: number, overlap: number): void {
  const [outer, length, inner] = around(next, axis);
  const lengthBefore = before.shape[axis]!;
  const extent = Math.min(overlap, length, lengthBefore);
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < extent; k++)
      for (let i = 0; i < inner; i++) {
        const at = (o * length + k) * inner + i;
        const last = before.data[(o * lengthBefore + lengthBefore - extent + k) * inner + i]!;
        next.data[at] = last * (1 - k / extent) + next.data[at]! * (k / extent);
      }
}

/** At most `kept` rows and columns of a tile, where the next one does not begin. */
function place(tile: Tensor, whole: Tensor, top: number, left: number, kept: number): void {
  const [batch, channels, height, width] = tile.shape as readonly [number, number, number, number];
  const side = whole.shape[3]!;
  const columns = Math.min(width, kept);
  for (let plane = 0; plane < batch * channels; plane++)
    for (let y = 0; y < Math.min(height, kept); y++) {
      const from = (plane * height + y) * width;
      whole.data.set(tile.data.subarray(from, from + columns), (plane * side + top + y) * side + left);
    }
}
