/** From what the networks make (float32, NCHW, −1 to 1) to images (uint8, NHWC). */
import type { Tensor } from "../../../../harness/program/index.ts";

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
