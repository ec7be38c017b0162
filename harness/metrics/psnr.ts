/**
 * Mean peak signal-to-noise ratio of 8-bit images, in decibels: 10·log₁₀(255²/MSE) an image, then the mean over
 * images, as autoencoder papers report it. An image equal to its original has no finite ratio; it is given
 * that of one level wrong in one value, the best any unequal image of its size reaches.
 *
 * @param images, originals uint8, n images of `size` values each
 * @throws RangeError where the two differ in length or hold no whole number of images
 */
export function peakSignalToNoise(images: Uint8Array, originals: Uint8Array, size: number): number {
  if (images.length !== originals.length) {
    throw new RangeError(`psnr: ${images.length} values against ${originals.length}`);
  }
  if (images.length === 0 || images.length % size !== 0) {
    throw new RangeError(`psnr: ${images.length} values are no whole number of images of ${size}`);
  }
  let total = 0;
  for (let start = 0; start < images.length; start += size) {
    let squares = 0;
    for (let i = start; i < start + size; i++) squares += (images[i]! - originals[i]!) ** 2;
    total += 10 * Math.log10((255 * 255 * size) / Math.max(squares, 1));
  }
  return total / (images.length / size);
}
