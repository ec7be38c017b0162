import type { Features } from "../plugin.ts";

/** Rows of several extractions, one after another, written where they belong as they come. @param n rows in all, at least 1 */
export async function joinFeatures(
  n: number,
  parts: AsyncIterable<Features> | Iterable<Features>,
): Promise<Features> {
  let joined: Features | null = null;
  let row = 0;
  for await (const { n: rows, dims, classes, features, logits } of parts) {
    joined ??= {
      n,
      dims,
      classes,
      features: new Float32Array(n * dims),
      logits: new Float32Array(n * classes),
    };
    joined.features.set(features, row * dims);
    joined.logits.set(logits, row * classes);
    row += rows;
  }
  if (row !== n) throw new RangeError(`${row} rows of features, not ${n}`);
  return joined!;
}
