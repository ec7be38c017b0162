/** Between images (uint8, NHWC) and what the networks see (float32, NCHW, −1 to 1). */
import type { Tensor } from "../../../harness/program/index.ts";

/** `mirrored[i]`: image i is flipped left to right. */
export function toNetwork(
  images: Uint8Array,
  side: number,
  mirrored: (image: number) => boolean = () => false,
): Tensor {
  const area = side * side;
  const count = images.length / (3 * area);
  const data = new Float32Array(images.length);
  for (let n = 0; n < count; n++) {
    const flip = mirrored(n);
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        const from = 3 * (n * area + row * side + (flip ? side - 1 - column : column));
        const to = 3 * n * area + row * side + column;
        for (let channel = 0; channel < 3; channel++)
          data[to + channel * area] = images[from + channel]! / 127.5 - 1;
      }
  }
  return { dtype: "float32", shape: [count, 3, side, side], data };
}

/** ⌊127.5·x + 128⌋ limited to 0…255, as DiT's `sample_ddp.py`. */
export function toImages({ data, shape }: Tensor): Uint8Array {
  const [count, , height, width] = shape as readonly [number, number, number, number];
  const area = height * width;
  // A Uint8ClampedArray rounds; the floor before it makes that exact.
  const images = new Uint8ClampedArray(data.length);
  for (let n = 0; n < count; n++)
    for (let channel = 0; channel < 3; channel++)
      for (let pixel = 0; pixel < area; pixel++)
        images[3 * (n * area + pixel) + channel] = Math.floor(
          127.5 * data[(3 * n + channel) * area + pixel]! + 128,
        );
  return new Uint8Array(images.buffer);
}
