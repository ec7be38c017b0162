/** Files of a fixed batch. */
import type { Stream } from "../../../harness/random/index.ts";

/**
 * As many images as there are streams, `batch` a call, uint8 NHWC: a file of a fixed batch takes no fewer, so that the
 * last image fills the last call up.
 * @param side of the images
 * @param make exactly `batch` images
 */
export async function inBatches(
  batch: number,
  side: number,
  streams: readonly Stream[],
  labels: readonly number[],
  make: (streams: readonly Stream[], labels: readonly number[]) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const bytes = 3 * side * side;
  const n = streams.length;
  const images = new Uint8Array(n * bytes);
  for (let start = 0; start < n; start += batch) {
    const at = Array.from({ length: batch }, (_, k) => Math.min(start + k, n - 1));
    const made = await make(
      at.map((k) => streams[k]!.stream()),
      at.map((k) => labels[k]!),
    );
    images.set(made.subarray(0, Math.min(batch, n - start) * bytes), start * bytes);
  }
  return images;
}
