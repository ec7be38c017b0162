/** Work over many images by a program of a fixed batch: the last batch is padded and its padding dropped. */

export interface Batch {
  /** Exactly as many as a batch has, the last position repeated. */
  readonly positions: readonly number[];
  readonly start: number;
  /** Of its results, those that are no padding. */
  readonly kept: number;
}

/** Batches of `size` over positions 0 … n − 1. */
export function* batchesOf(n: number, size: number): Generator<Batch> {
  for (let start = 0; start < n; start += size)
    yield {
      positions: Array.from({ length: size }, (_, k) => Math.min(start + k, n - 1)),
      start,
      kept: Math.min(size, n - start),
    };
}

/** Calls `work` on every batch and fills `all` with the results of `n`. */
export async function inBatches<Numbers extends Uint8Array | Float32Array>(
  n: number,
  size: number,
  all: Numbers,
  work: (positions: readonly number[], done: number) => Promise<Numbers>,
): Promise<Numbers> {
  const each = all.length / n;
  for (const { positions, start, kept } of batchesOf(n, size)) {
    const results = await work(positions, start);
    all.set(results.subarray(0, kept * each), start * each);
  }
  return all;
}
