/** From images (uint8, NHWC) to what the networks see (float32, NCHW, −1 to 1). */
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
