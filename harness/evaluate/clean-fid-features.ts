import { createHash } from "node:crypto";
import { asBytes, toFloat64 } from "../formats/numeric-array.ts";
import { openTensors } from "../formats/open-tensors.ts";
import { readTensor } from "../formats/tensor-file.ts";
import { featureMatrix, rowsOf } from "../linear-algebra/index.ts";
import type { FeatureSet } from "./feature-set.ts";

/** What clean-fid calls them in the files it keeps for KID (`make_custom_stats`): float32 [n, 2048]. */
const FEATURES = "feats";

/**
 * Such a file's features, all at once: it holds at most a data set's.
 * @returns null for an npz of anything else
 * @throws FormatError, or RangeError for a number that is not finite
 */
export async function openCleanFidFeatures(path: string): Promise<FeatureSet | null> {
  const file = await openTensors(path);
  try {
    const tensor = file.tensors.get(FEATURES);
    if (!tensor || !/^float/.test(tensor.dtype) || tensor.shape.length !== 2) return null;
    const array = await readTensor(tensor);
    const [n, dims] = tensor.shape as [number, number];
    return {
      path,
      n,
      layers: new Map([["2048", rowsOf(featureMatrix(`${path}: ${FEATURES}`, toFloat64(array), dims))]]),
      extractor: null,
      labels: null,
      content: createHash("sha256").update(asBytes(array.data)).digest("hex"),
      draws: null,
      size: null,
      close: async () => {},
    };
  } finally {
    await file.close();
  }
}
