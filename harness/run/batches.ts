/** Work over many images by a program of a fixed batch: the last batch is padded and its padding dropped. */

/** Calls `work` on batches of exactly `size` positions (the last position repeated) and keeps `n` results of `bytes` each. */
export async function inBatches(
  n: number,
  size: number,
  bytes: number,
  work: (positions: readonly number[], done: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const all = new Uint8Array(n * bytes);
  for (let start = 0; start < n; start += size) {
    const positions = Array.from({ length: size }, (_, k) => Math.min(start + k, n - 1));
    const results = await work(positions, start);
    const kept = Math.min(size, n - start);
    all.set(results.subarray(0, kept * bytes), start * bytes);
  }
  return all;
}
