import { describe, expect, it } from "vitest";
import type { Runtime } from "../../../../harness/plugin.ts";
import type { Tensor } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import type { AutoencoderConfig } from "../../../../plugins/models/latent/autoencoder.ts";
import {
  decoderProgram,
  decodeTiles,
  openDecoder,
  tilesOf,
} from "../../../../plugins/models/latent/decoder.ts";
import { normalTensor } from "../../../../plugins/models/latent/training.ts";
import { compile } from "./fixtures.ts";

/** A decoder that looks at nothing but its place: each latent's first three channels, twice as large. */
async function enlarged({ shape, data }: Tensor): Promise<Tensor> {
  const [batch, channels, height, width] = shape as readonly [number, number, number, number];
  const values = Float32Array.from({ length: batch * 3 * 4 * height * width }, (_, i) => {
    const [x, y] = [i % (2 * width), Math.floor(i / (2 * width)) % (2 * height)];
    const plane = Math.floor(i / (4 * width * height));
    const from = Math.floor(plane / 3) * channels + (plane % 3);
    return data[(from * height + (y >> 1)) * width + (x >> 1)]!;
  });
  return { dtype: "float32", shape: [batch, 3, 2 * height, 2 * width], data: values };
}

/** As diffusers' range(0, side, int(.75·tile)) cuts. */
it.each([
  [
    64,
    32,
    [
      [0, 32],
      [24, 32],
      [48, 16],
    ],
  ],
  [
    48,
    32,
    [
      [0, 32],
      [24, 24],
    ],
  ],
  [
    40,
    32,
    [
      [0, 32],
      [24, 16],
    ],
  ],
  [32, 32, [[0, 32]]],
  [8, 32, [[0, 8]]],
])("cuts a side of %d into tiles of at most %d", (side, reach, expected) => {
  expect(tilesOf(side, reach).map(({ start, size }) => [start, size])).toEqual(expected);
});

describe("tiles put together", () => {
  it.each([16, 14, 13, 10, 9])(
    "are the whole where a tile's pixels hang on no others, side %d",
    async (side) => {
      const latents = normalTensor(createStream(side), [2, 4, side, side]);
      const tiled = await decodeTiles(enlarged, latents, tilesOf(side, 8), 8, 2);
      const whole = await enlarged(latents);
      expect(tiled.shape).toEqual(whole.shape);
      const apart = Array.from(whole.data, (value, i) => Math.abs(value - tiled.data[i]!));
      expect(Math.max(...apart)).toBeLessThan(1e-6);
    },
  );

  it("fade into each other over a quarter of a tile", async () => {
    let tile = 0;
    const numbered = async (latents: Tensor): Promise<Tensor> => {
      const image = await enlarged(latents);
      return { ...image, data: new Float32Array(image.data.length).fill(tile++) };
    };
    const { data, shape } = await decodeTiles(
      numbered,
      normalTensor(createStream(0), [1, 4, 12, 12]),
      tilesOf(12, 8),
      8,
      2,
    );
    const row = (y: number): number[] => Array.from(data.subarray(y * shape[3]!, (y + 1) * shape[3]!));
    // Tile 0 up to pixel 12, then tile 1, at 0, ¼, ½, ¾ of itself at first.
    expect(row(0)).toEqual([...Array(12).fill(0), 0, 0.25, 0.5, 0.75, ...Array(8).fill(1)]);
    // Tiles 2 and 3 below, the same downwards: at pixel 14 they are half themselves.
    expect(row(14).slice(0, 12)).toEqual(Array(12).fill(1));
    expect(row(14).slice(16)).toEqual(Array(8).fill(2));
    expect(row(23)).toEqual([...Array(12).fill(2), 2, 2.25, 2.5, 2.75, ...Array(8).fill(3)]);
  });
});

describe("an autoencoder's decoder", () => {
  const config: AutoencoderConfig = { channels: [4, 8], blocks: 1, groups: 2, latentChannels: 2 };
  const runtime: Runtime = { compile };
  const weights = initialState(decoderProgram(config, 1, 4), createStream(0));
  const latents = normalTensor(createStream(1), [1, 2, 12, 12]);
  const decoded = async (given: Tensor, tile: number | null) => {
    const decoder = await openDecoder(config, 1, given.shape[3]!, tile, weights, runtime);
    const images = await decoder.decode(given);
    await decoder.dispose();
    return images;
  };
  /** The first `side` rows and columns of each plane. */
  const corner = ({ shape, data }: Tensor, side: number): number[] => {
    const width = shape[3]!;
    return Array.from(data).filter((_, i) => i % width < side && Math.floor(i / width) % width < side);
  };

  it("gives a tile as it is by itself where no other reaches, and the whole where one tile is enough", async () => {
    const whole = await decoded(latents, null);
    expect((await decoded(latents, 24)).data).toEqual(whole.data);
    const tiled = await decoded(latents, 16);
    expect(tiled.shape).toEqual(whole.shape);
    const first = {
      dtype: "float32",
      shape: [1, 2, 8, 8],
      data: Float32Array.from(corner(latents, 8)),
    } as const;
    expect(corner(tiled, 12)).toEqual(corner(await decoded(first, null), 12));
    expect(corner(tiled, 12)).not.toEqual(corner(whole, 12));
  });
});
