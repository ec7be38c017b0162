import { createHash } from "node:crypto";
import { FormatError } from "../formats/format-error.ts";
import { type Npz, type NpzEntry, openNpz } from "../formats/npz-reader.ts";
import { asBytes, type NumericData, toFloat64 } from "../formats/numeric-array.ts";
import { requireFinite } from "../formats/row-tensors.ts";
import { openZip } from "../formats/zip-archive.ts";
import { storedRows } from "../linear-algebra/index.ts";
import type { FeatureSet } from "./feature-set.ts";

/** What clean-fid calls them in the files it keeps for KID (`make_custom_stats`): float32 [n, 2048], compressed. */
const FEATURES = "feats";

/**
 * Such a file's features. Of a compressed one all are held, in the file's own type; of a stored one none.
 * @returns null for a zip of anything else
 * @throws FormatError, also for a number that is not finite and for more than 1 GiB of compressed features
 */
export async function openCleanFidFeatures(path: string): Promise<FeatureSet | null> {
  if (!(await hasFeatures(path))) return null;
  const npz = await openNpz(path);
  try {
    return await featuresOf(npz, npz.entries.get(FEATURES)!, path);
  } catch (error) {
    await npz.close();
    throw error;
  }
}

async function hasFeatures(path: string): Promise<boolean> {
  const zip = await openZip(path);
  await zip.close();
  return zip.members.some(({ name }) => name === `${FEATURES}.npy`);
}

async function featuresOf(npz: Npz, entry: NpzEntry, path: string): Promise<FeatureSet> {
  const { dtype, shape } = entry;
  const [n = 0, cols = 0] = shape;
  if (!/^float/.test(dtype) || shape.length !== 2 || n < 1 || cols < 1)
    throw new FormatError(
      path,
      FEATURES,
      `features are floats [n, d], this is ${dtype} [${shape.join(", ")}]`,
    );
  const float64 = (data: NumericData): Float64Array =>
    toFloat64({ dtype, shape: [data.length / cols, cols], data });
  const { all, read } = await reading(npz, entry);
  const hash = createHash("sha256");
  let start = 0;
  for await (const block of all()) {
    hash.update(asBytes(block));
    requireFinite(float64(block), { start, cols }, path, FEATURES);
    start += block.length / cols;
  }
  const rows = storedRows(n, cols, async (from, to) => float64(await read(from, to)));
  return {
    path,
    n,
    layers: new Map([["2048", { ...rows, float32: dtype === "float32" }]]),
    extractor: null,
    labels: null,
    content: hash.digest("hex"),
    draws: null,
    size: null,
    close: () => npz.close(),
  };
}

interface Reading {
  /** All rows in order, some whole ones at a time. */
  all(): AsyncIterable<NumericData> | Iterable<NumericData>;
  read(from: number, to: number): Promise<NumericData>;
}

async function reading(npz: Npz, { stored, fortranOrder, shape }: NpzEntry): Promise<Reading> {
  if (stored && !fortranOrder)
    return { all: () => npz.rows(FEATURES), read: (from, to) => npz.readRows(FEATURES, from, to) };
  const { data } = await npz.read(FEATURES);
  const [n, cols] = shape as [number, number];
  const read = (from: number, to: number): NumericData => data.subarray(from * cols, to * cols);
  return {
    *all() {
      for (let row = 0; row < n; row += BLOCK) yield read(row, Math.min(row + BLOCK, n));
    },
    read: async (from, to) => read(from, to),
  };
}

const BLOCK = 1024;
