import type { Features } from "../plugin.ts";

/** Rows of several extractions, one after another. */
export function joinFeatures(parts: readonly Features[]): Features {
  const { dims, classes } = parts[0]!;
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const features = new Float32Array(n * dims);
  const logits = new Float32Array(n * classes);
  let row = 0;
  for (const part of parts) {
    features.set(part.features, row * dims);
    logits.set(part.logits, row * classes);
    row += part.n;
  }
  return { n, dims, classes, features, logits };
}
