import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  coefficients,
  type ImageBatch,
  pilBicubic,
} from "../../../../plugins/features/preprocessing/pil-bicubic.ts";

/** The synthetic image of the published goldens: I[y,x,c] = (7x + 13y + 29c + xy) mod 256. */
function synthetic(side: number): ImageBatch {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++) data[(y * side + x) * 3 + c] = (7 * x + 13 * y + 29 * c + x * y) % 256;
  return { data, n: 1, height: side, width: side };
}

const IDENTITY = { subtract: 0, divide: 1 };

/** The definition, one pixel at a time: rows first, then columns, one float32 store each. */
function reference(
  { data, height, width }: ImageBatch,
  size: number,
  c: number,
  y: number,
  x: number,
): number {
  const horizontal = coefficients(width, size);
  const vertical = coefficients(height, size);
  const inRow = (row: number) => {
    if (width === size) return data[(row * width + x) * 3 + c]!;
    let sum = 0;
    for (let t = 0; t < horizontal.count[x]!; t++)
      sum +=
        data[(row * width + horizontal.first[x]! + t) * 3 + c]! *
        horizontal.weights[x * horizontal.taps + t]!;
    return Math.fround(sum);
  };
  let sum = height === size ? inRow(y) : 0;
  if (height !== size)
    for (let t = 0; t < vertical.count[y]!; t++)
      sum += inRow(vertical.first[y]! + t) * vertical.weights[y * vertical.taps + t]!;
  return Math.min(255, Math.max(0, Math.fround(sum)));
}

describe("pilBicubic", () => {
  it.each([
    [256, 15.612055, 167.524704],
    [512, 44.761295, 91.174164],
  ])("gives Pillow's values for the synthetic image of %i²", (side, first, second) => {
    const out = pilBicubic(synthetic(side), 299, IDENTITY);
    expect(out[299 + 1]).toBeCloseTo(first, 5);
    expect(out[(299 + 150) * 299 + 37]).toBeCloseTo(second, 5);
  });

  it("keeps every bit of the definition, whatever the sizes", () => {
    const sides = fc.integer({ min: 1, max: 24 });
    fc.assert(
      fc.property(sides, sides, sides, fc.integer(), (height, width, size, seed) => {
        const data = Uint8Array.from({ length: 2 * height * width * 3 }, (_, i) => (i * 7919 + seed) >>> 3);
        const out = pilBicubic({ data, n: 2, height, width }, size, IDENTITY);
        const second = { data: data.subarray(height * width * 3), n: 1, height, width };
        for (let c = 0; c < 3; c++)
          for (let y = 0; y < size; y++)
            for (let x = 0; x < size; x++)
              expect(out[((3 + c) * size + y) * size + x]).toBe(reference(second, size, c, y, x));
      }),
      { numRuns: 40 },
    );
  });

  it("has weights that add to 1", () => {
    for (const [input, output] of [
      [7, 224],
      [32, 224],
      [1000, 224],
    ] as const) {
      const { taps, count, weights } = coefficients(input, output);
      for (let i = 0; i < output; i++) {
        const sum = weights.subarray(i * taps, i * taps + count[i]!).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(1, 12);
      }
    }
  });

  it("copies an image that has the size already, and maps it", () => {
    const batch = synthetic(8);
    const out = pilBicubic(batch, 8, { subtract: 127, divide: 128 });
    expect(out[2 * 64 + 8 + 3]).toBe((batch.data[(8 + 3) * 3 + 2]! - 127) / 128);
  });

  it("overshoots nowhere: an edge is clipped to 0 … 255", () => {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i % 48 < 24 ? 0 : 255));
    const out = pilBicubic({ data, n: 1, height: 16, width: 16 }, 64, IDENTITY);
    expect(Math.min(...out)).toBe(0);
    expect(Math.max(...out)).toBe(255);
  });

  it("refuses bytes that are not the shape", () => {
    expect(() => pilBicubic({ data: new Uint8Array(11), n: 1, height: 2, width: 2 }, 4, IDENTITY)).toThrow(
      "11 bytes are not [1, 2, 2, 3]",
    );
  });
});
