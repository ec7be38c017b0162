/** Work over many images by a program of a fixed batch: the last batch is padded and its padding dropped. */

/** Calls `work` on batches of exactly `size` positions (the last position repeated) and fills `all` with the results of `n`. */
export async function inBatches<Numbers extends Uint8Array | Float32Array>(
  n: number,
  size: number,
  all: Numbers,
  work: (positions: readonly number[], done: number) => Promise<Numbers>,
): Promise<Numbers> {
  const each = all.length / n;
  for (let start = 0; start < n; start += size) {
    const positions = Array.from({ length: size }, (_, k) => Math.min(start + k, n - 1));
    const results = await work(positions, start);
    const kept = Math.min(size, n - start);
    all.set(results.subarray(0, kept * each), start * each);
  }
  return all;
}
