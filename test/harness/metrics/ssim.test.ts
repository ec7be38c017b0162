import { expect, it } from "vitest";
import { structuralSimilarity } from "../../../harness/metrics/index.ts";

type Pixel = (x: number, y: number, channel: number) => number;

const image = (side: number, pixel: Pixel): Uint8Array =>
  Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const place = Math.floor(i / 3);
    return pixel(place % side, Math.floor(place / side), i % 3);
  });

const ramp =
  (a: number, b: number, c: number): Pixel =>
  (x, y, channel) =>
    (a * x + b * y + c * channel + x * y) % 256;
const first = ramp(7, 13, 29);
const noisy: Pixel = (x, y, channel) =>
  Math.min(255, Math.max(0, first(x, y, channel) + ((31 * x + 17 * y + 5 * channel) % 23) - 11));

/** scikit-image 0.26.0, structural_similarity with the options that the function's comment names. */
const REFERENCE = [
  [11, 0.9815531640477521, 0.6726863156771764],
  [16, 0.9936947442833625, -0.04048104058322579],
  [24, 0.9937855902086556, -0.19891656353538145],
] as const;

it.each(REFERENCE)("is scikit-image's at side %d", (side, near, far) => {
  const original = image(side, first);
  expect(structuralSimilarity(image(side, noisy), original, side)).toBeCloseTo(near, 12);
  expect(structuralSimilarity(image(side, ramp(3, 5, 50)), original, side)).toBeCloseTo(far, 12);
});

it("is the mean over images, 1 for equal ones, whichever comes first", () => {
  const [side, near] = [REFERENCE[1][0], REFERENCE[1][1]];
  const original = image(side, first);
  const pair = (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b]);
  const one = pair(original, original);
  const other = pair(original, image(side, noisy));
  expect(structuralSimilarity(one, one, side)).toBeCloseTo(1, 14);
  expect(structuralSimilarity(one, other, side)).toBeCloseTo((1 + near) / 2, 12);
  expect(structuralSimilarity(other, one, side)).toBeCloseTo((1 + near) / 2, 12);
});

it("refuses part of an image, and images smaller than its window", () => {
  const bytes = (count: number) => new Uint8Array(count);
  expect(() => structuralSimilarity(bytes(700), bytes(700), 16)).toThrow(/no whole number of images/);
  expect(() => structuralSimilarity(bytes(768), bytes(1536), 16)).toThrow(/768 values against 1536/);
  expect(() => structuralSimilarity(bytes(300), bytes(300), 10)).toThrow(/window of 11 does not fit/);
});
