/** Features of a set of images, layer by layer, read from disk as they are used. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FormatError } from "../formats/format-error.ts";
import { openRowTensors, type RowTensor, type RowTensors } from "../formats/row-tensors.ts";
import { parsedJson } from "../formats/strict-json.ts";
import { chosenRows, type Rows, storedRows } from "../linear-algebra/index.ts";
import { fileChecksum } from "../references/checksum.ts";

/** Rows on disk; `float32` where they were made in it. */
type Layer = Rows & { readonly float32?: boolean };

export interface FeatureSet {
  /** As the user named it: a folder, an archive, a file of features. */
  readonly path: string;
  readonly n: number;
  readonly layers: ReadonlyMap<string, Layer>;
  /** null for a file that does not say. */
  readonly extractor: ExtractorOfRecord | null;
  readonly labels: Int32Array | null;
  /** sha256 of the pixels in order, or of the file where pixels are not known. */
  readonly content: string;
  /** sha256 of what tells one draw from another; null where images have no names. */
  readonly draws: string | null;
  /** "256x256" (width by height), "several sizes", or null where nobody knows. */
  readonly size: string | null;
  close(): Promise<void>;
}

interface ExtractorOfRecord {
  /** name@sha256. */
  readonly id: string;
  /** Weights and preparation, in words. */
  readonly preparation: string;
  /** Whose preparation of images it is, by its name under `--as`; null where nobody says. */
  readonly tool: string | null;
}

const names = z.array(z.string());
const labels = z.array(
  z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
);
/** name@sha256, or the beginning of one. */
const EXTRACTOR_ID = /^[^@\s]+@[0-9a-f]{8,64}$/;
const SIZE = /^([1-9]\d{0,5}x[1-9]\d{0,5}|several sizes)$/;

/** What a file of ours tells of its images and its extractor. */
export interface FeatureRecord extends ExtractorOfRecord {
  readonly names: readonly string[];
  readonly labels: Int32Array | null;
}

/** As the metadata of a safetensors file: text by text. */
export const metadataOf = ({
  id,
  preparation,
  tool,
  names,
  labels,
}: FeatureRecord): Record<string, string> => ({
  extractor: id,
  preparation,
  ...(tool === null ? {} : { tool }),
  names: JSON.stringify(names),
  ...(labels ? { labels: JSON.stringify([...labels]) } : {}),
});

/**
 * @param path of the file
 * @param shown what messages and reports call it
 * @throws FormatError for a file that holds no features, layers of different n, or records that do not fit them
 */
export async function openFeatureFile(path: string, shown = path): Promise<FeatureSet> {
  const file = await openRowTensors(path);
  try {
    return await featureSet(file, shown);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function featureSet(file: RowTensors, path: string): Promise<FeatureSet> {
  const { metadata, tables } = file;
  const n = requireOneN(file);
  const found = {
    names: recordOf(file, "names", names, n),
    labels: recordOf(file, "labels", labels, n),
  };
  const { extractor: id = "", preparation = "", tool = null, size = "" } = metadata;
  return {
    path,
    n,
    layers: new Map([...tables].map(([name, table]) => [name, rowsOf(table)])),
    extractor: EXTRACTOR_ID.test(id) ? { id, preparation, tool } : null,
    labels: found.labels && Int32Array.from(found.labels),
    content: metadata.pixels ?? (await fileChecksum(file.path)),
    draws: found.names && createHash("sha256").update(JSON.stringify(found.names)).digest("hex"),
    size: SIZE.test(size) ? size : null,
    close: () => file.close(),
  };
}

function requireOneN({ path, tables }: RowTensors): number {
  const [[first, { rows }], ...others] = [...tables] as [[string, RowTensor], ...[string, RowTensor][]];
  for (const [name, table] of others)
    if (table.rows !== rows)
      throw new FormatError(
        path,
        `tensor ${JSON.stringify(name)}`,
        `it has ${table.rows} rows and ${JSON.stringify(first)} has ${rows}: layers of one set have one n`,
      );
  return rows;
}

function recordOf<T>(
  { path, metadata }: RowTensors,
  key: string,
  schema: z.ZodType<T[]>,
  n: number,
): T[] | null {
  const text = metadata[key];
  if (text === undefined) return null;
  const parsed = schema.safeParse(parsedJson(text));
  if (!parsed.success || parsed.data.length !== n)
    throw new FormatError(
      path,
      `metadata ${key}`,
      `it is not a list of one entry for each of the ${n} images`,
    );
  return parsed.data;
}

const rowsOf = ({ rows, cols, dtype, read }: RowTensor): Layer => ({
  ...storedRows(rows, cols, read),
  float32: dtype === "float32",
});

/** The same set with some of its images alone. */
export const chosenImages = (set: FeatureSet, indices: Int32Array): FeatureSet => ({
  ...set,
  n: indices.length,
  layers: new Map(
    [...set.layers].map(([name, { float32 = false, ...rows }]) => [
      name,
      { ...chosenRows(rows, indices), float32 },
    ]),
  ),
  // Another choice is another draw.
  draws: set.draws && createHash("sha256").update(set.draws).update(indices).digest("hex"),
  labels: set.labels && indices.map((i) => set.labels![i]!),
});
