/** Sides of the window and its deviation, and the constants K₁, K₂ of 8-bit images (Wang et al. 2004, §III-C). */
export const SSIM_WINDOW = 11;
const DEVIATION = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** e^(−d²/2σ²) at −5…5, of sum 1: the window is the product of two. */
const WEIGHTS: Float64Array = (() => {
  const centre = (SSIM_WINDOW - 1) / 2;
  const raw = Float64Array.from({ length: SSIM_WINDOW }, (_, i) =>
    Math.exp(-((i - centre) ** 2) / (2 * DEVIATION ** 2)),
  );
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
})();

/**
 * Mean structural similarity of 8-bit RGB images: Wang, Bovik, Sheikh & Simoncelli 2004 ("Image quality assessment: from
 * error visibility to structural similarity"): an 11×11 Gaussian window of σ = 1.5, K₁ = 0.01, K₂ = 0.03, L = 255, at every
 * place where the window lies within the image, without downsampling. Red, green and blue each by itself; the mean is
 * over places, channels and images. It is what scikit-image gives with `gaussian_weights=True,
 * use_sample_covariance=False, data_range=255, channel_axis=-1`.
 *
 * @param images, originals uint8 NHWC, n square images of `side`
 * @throws RangeError where the two differ in length, hold no whole number of images, or the side is below 11
 */
export function structuralSimilarity(images: Uint8Array, originals: Uint8Array, side: number): number {
  const size = side * side * 3;
  if (images.length !== originals.length)
    throw new RangeError(`ssim: ${images.length} values against ${originals.length}`);
  if (images.length === 0 || images.length % size !== 0)
    throw new RangeError(`ssim: ${images.length} values are no whole number of images of ${size}`);
  if (side < SSIM_WINDOW)
    throw new RangeError(`ssim: its window of ${SSIM_WINDOW} does not fit into images of side ${side}`);
  const planes = images.length / (side * side);
  let total = 0;
  for (let plane = 0; plane < planes; plane++) {
    const from = Math.floor(plane / 3) * size + (plane % 3);
    total += ofPlane(channel(images, from, side), channel(originals, from, side), side);
  }
  return total / planes;
}

/** Every third value. */
const channel = (images: Uint8Array, from: number, side: number): Float64Array =>
  Float64Array.from({ length: side * side }, (_, i) => images[from + 3 * i]!);

function ofPlane(x: Float64Array, y: Float64Array, side: number): number {
  const products = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value * b[i]!);
  const [meanX, meanY, meanXX, meanYY, meanXY] = [x, y, products(x, x), products(y, y), products(x, y)].map(
    (plane) => weighted(plane, side),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  let total = 0;
  for (let i = 0; i < meanX.length; i++) {
    const [mx, my] = [meanX[i]!, meanY[i]!];
    const luminance = (2 * mx * my + C1) / (mx * mx + my * my + C1);
    const covariance = meanXY[i]! - mx * my;
    const variances = meanXX[i]! - mx * mx + meanYY[i]! - my * my;
    total += (luminance * (2 * covariance + C2)) / (variances + C2);
  }
  return total / meanX.length;
}

/** The window's mean around every place it fits: rows first, then columns. */
function weighted(plane: Float64Array, side: number): Float64Array {
  const inner = side - SSIM_WINDOW + 1;
  const rows = new Float64Array(side * inner);
  for (let i = 0; i < side; i++)
    for (let j = 0; j < inner; j++) {
      let sum = 0;
      for (let k = 0; k < SSIM_WINDOW; k++) sum += WEIGHTS[k]! * plane[i * side + j + k]!;
      rows[i * inner + j] = sum;
    }
  const out = new Float64Array(inner * inner);
  for (let i = 0; i < inner; i++)
    for (let j = 0; j < inner; j++) {
      let sum = 0;
      for (let k = 0; k < SSIM_WINDOW; k++) sum += WEIGHTS[k]! * rows[(i + k) * inner + j]!;
      out[i * inner + j] = sum;
    }
  return out;
}
