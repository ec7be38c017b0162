import { describe, expect, it } from "vitest";
import { decodeImage } from "../../../harness/formats/image.ts";
import { composeGrid, grid, unstack } from "../../../harness/formats/image-grid.ts";

const batch = (n: number, side: number) => Uint8Array.from({ length: n * side * side * 3 }, (_, i) => i * 37);

describe("composeGrid", () => {
  it("enlarges small images by a whole factor without smoothing", () => {
    const images = unstack(batch(5, 24), 24, 24);
    const { width, height, data } = composeGrid(images, 3, 2);
    // 24 · 3 = 72 ≥ 64; three columns, two rows, 2 pixels around each.
    expect([width, height]).toEqual([3 * 74 + 2, 2 * 74 + 2]);
    for (const [i, image] of images.entries())
      for (const [y, x] of [
        [0, 0],
        [71, 71],
        [10, 35],
      ] as const) {
        const at = ((2 + Math.floor(i / 3) * 74 + y) * width + 2 + (i % 3) * 74 + x) * 3;
        const from = (Math.floor(y / 3) * 24 + Math.floor(x / 3)) * 3;
        expect([...data.subarray(at, at + 3)]).toEqual([...image.data.subarray(from, from + 3)]);
      }
  });

  it("leaves padding and missing images white", () => {
    const { width, data } = composeGrid(unstack(new Uint8Array(3 * 64 * 64 * 3), 64, 64), 2, 4);
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
    const missing = ((4 + 68 + 10) * width + 4 + 68 + 10) * 3;
    expect(data[missing]).toBe(255);
    expect(data[missing - 68 * 3]).toBe(0);
  });

  it("draws large images as they are, and no more columns than images", () => {
    const { width, height } = composeGrid(unstack(batch(2, 80), 80, 80), 8, 1);
    expect([width, height]).toEqual([2 * 81 + 1, 82]);
  });

  it("refuses no images and images of several sizes", () => {
    expect(() => composeGrid([], 3)).toThrow("no images");
    expect(() => composeGrid([...unstack(batch(1, 8), 8, 8), ...unstack(batch(1, 9), 9, 9)], 2)).toThrow(
      "image 1 is 9×9, not 8×8",
    );
  });
});

it("grid writes the composition as a PNG", async () => {
  const images = unstack(batch(2, 32), 32, 32);
  expect(await decodeImage(await grid(images, 2))).toEqual(composeGrid(images, 2));
});

it("unstack refuses bytes that are no whole images", () => {
  expect(() => unstack(new Uint8Array(13), 2, 2)).toThrow("13 bytes are no images of 2×2");
});
