/** What sampling starts from, and what stochastic solvers add. */
import type { Stream } from "../../../harness/random/index.ts";

/** N(0, 1), `size` numbers of each image from its own stream. */
export function drawNormals(streams: readonly Stream[], size: number): Float32Array {
  const x = new Float32Array(streams.length * size);
  streams.forEach((stream, k) => {
    stream.fillNormal(x.subarray(k * size, (k + 1) * size));
  });
  return x;
}
