import { expect, it } from "vitest";
import { peakSignalToNoise } from "../../../harness/metrics/index.ts";

it("is the mean of the images' ratios", () => {
  const originals = new Uint8Array(8);
  const images = Uint8Array.of(1, 1, 1, 1, 255, 255, 255, 255);
  expect(peakSignalToNoise(images, originals, 4)).toBeCloseTo((20 * Math.log10(255) + 0) / 2, 12);
});

it("is finite for an image equal to its original, above any unequal one", () => {
  const same = new Uint8Array(12).fill(7);
  const off = same.slice();
  off[3]! += 1;
  expect(peakSignalToNoise(same, same, 12)).toBe(peakSignalToNoise(off, same, 12));
});

it("refuses part of an image", () => {
  expect(() => peakSignalToNoise(new Uint8Array(5), new Uint8Array(5), 4)).toThrow(
    /no whole number of images/,
  );
  expect(() => peakSignalToNoise(new Uint8Array(4), new Uint8Array(8), 4)).toThrow(/4 values against 8/);
});
