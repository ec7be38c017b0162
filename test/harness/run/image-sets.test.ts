import { expect, it } from "vitest";
import { blurred, constantMean } from "../../../harness/run/image-sets.ts";

it("replaces each 4 × 4 square by its mean", () => {
  const image = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 37) % 256);
  const out = blurred(image, 8);
  const square = [0, 1, 2, 3].flatMap((y) => [0, 1, 2, 3].map((x) => (y * 8 + x) * 3));
  const mean = Math.round(square.reduce((sum, i) => sum + image[i]!, 0) / 16);
  for (const i of square) expect(out[i]).toBe(mean);
});

it("leaves a plain image as it is, also where 4 does not divide the side", () => {
  const image = new Uint8Array(2 * 6 * 6 * 3).fill(77);
  expect(blurred(image, 6)).toEqual(image);
});

it("repeats the mean image", () => {
  expect(constantMean(Uint8Array.of(0, 10, 20, 100, 30, 40), 2)).toEqual(
    Uint8Array.of(50, 20, 30, 50, 20, 30),
  );
});
