import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Image } from "../../../../harness/formats/image.ts";
import { coefficients } from "../../../../harness/formats/pillow-coefficients.ts";
import { pilBicubic } from "../../../../plugins/features/preprocessing/pil-bicubic.ts";

/** The synthetic image of the published goldens: I[y,x,c] = (7x + 13y + 29c + xy) mod 256. */
function synthetic(side: number): Image {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++) data[(y * side + x) * 3 + c] = (7 * x + 13 * y + 29 * c + x * y) % 256;
  return { data, height: side, width: side };
}

function resized(image: Image, size: number): Float32Array {
  const out = new Float32Array(3 * size * size);
  pilBicubic(image, size, out);
  return out;
}

/** The definition, one pixel at a time: rows first, then columns, one float32 store each. */
function reference({ data, height, width }: Image, size: number, c: number, y: number, x: number): number {
  const horizontal = coefficients("bicubic", width, size);
  const vertical = coefficients("bicubic", height, size);
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
    const out = resized(synthetic(side), 299);
    expect(out[299 + 1]).toBeCloseTo(first, 5);
    expect(out[(299 + 150) * 299 + 37]).toBeCloseTo(second, 5);
  });

  it("keeps every bit of the definition, whatever the sizes", () => {
    const sides = fc.integer({ min: 1, max: 24 });
    fc.assert(
      fc.property(sides, sides, sides, fc.integer(), (height, width, size, seed) => {
        const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 7919 + seed) >>> 3);
        const out = resized({ data, height, width }, size);
        const places = Float32Array.from(out, (_, i) => {
          const [c, y] = [Math.floor(i / size ** 2), Math.floor(i / size) % size];
          return reference({ data, height, width }, size, c, y, i % size);
        });
        expect(out).toEqual(places);
      }),
      { numRuns: 40 },
    );
  });

  it("copies an image that has the size already", () => {
    const image = synthetic(8);
    expect(resized(image, 8)[2 * 64 + 8 + 3]).toBe(image.data[(8 + 3) * 3 + 2]);
  });

  it("overshoots nowhere: an edge is clipped to 0 … 255", () => {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i % 48 < 24 ? 0 : 255));
    const out = resized({ data, height: 16, width: 16 }, 64);
    expect(Math.min(...out)).toBe(0);
    expect(Math.max(...out)).toBe(255);
  });
});
