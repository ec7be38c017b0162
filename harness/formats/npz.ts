/**
 * Image samples in the layout of ADM's evaluator (guided-diffusion, evaluations/README.md): an npz with
 * `arr_0`, uint8 [N, height, width, 3], and `arr_1`, N integer labels, which is missing where there are none.
 */
import { FormatError } from "./format-error.ts";
import { type Npz, type NpzEntry, openNpz } from "./npz-reader.ts";
import { writeNpz } from "./npz-writer.ts";
import type { NumericArray } from "./numeric-array.ts";

const IMAGES = "arr_0";
const LABELS = "arr_1";

/** An open file of samples whose images come as they are needed. */
export interface AdmFile {
  /** N, height, width, 3. */
  readonly shape: readonly [number, number, number, 3];
  /** One per image; null where the file has none. */
  readonly labels: Int32Array | null;
  /** Not compressed: `images` works. */
  readonly stored: boolean;
  /**
   * All images in one pass, with the file's CRC-32 checked at the end.
   * @param size images at a time, fewer in the last batch and where they would take over 1 GiB; about 1 MiB where it is not given
   */
  batches(size?: number): AsyncGenerator<Uint8Array>;
  /** Images `start` … `end` − 1 of a stored file. */
  images(start: number, end: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a file of samples and checks what it holds; only labels are read.
 * @throws FormatError
 */
export async function openAdmSamples(path: string): Promise<AdmFile> {
  const npz = await openNpz(path);
  try {
    const { entry, shape, labels } = await contentOf(npz, path);
    return {
      shape,
      labels,
      stored: entry.stored,
      batches: (size) => npz.rows(IMAGES, size) as AsyncGenerator<Uint8Array>,
      images: (start, end) => npz.readRows(IMAGES, start, end) as Promise<Uint8Array>,
      close: () => npz.close(),
    };
  } catch (error) {
    await npz.close();
    throw error;
  }
}

/**
 * Writes samples, whole or not at all.
 * @param images all of them, or whole batches in order
 * @param labels one per image, at least 0; none, or −1 throughout, for unconditional samples, whose file has no arr_1
 */
export function writeAdmSamples(
  path: string,
  images: Uint8Array | AsyncIterable<Uint8Array>,
  shape: readonly [number, number, number, 3],
  labels: Int32Array | null = null,
): Promise<void> {
  const arr0 = { dtype: "uint8", shape, data: images } as const;
  if (!labels || labels.every((label) => label === -1)) return writeNpz(path, { [IMAGES]: arr0 });
  const negative = labels.find((label) => label < 0);
  if (negative !== undefined) throw new RangeError(`the label ${negative} among others: labels begin at 0`);
  if (labels.length !== shape[0]) throw new RangeError(`${labels.length} labels for ${shape[0]} images`);
  // int64, as PyTorch's labels are in the files others publish.
  const data = BigInt64Array.from(labels, BigInt);
  return writeNpz(path, { [IMAGES]: arr0, [LABELS]: { dtype: "int64", shape: [labels.length], data } });
}

async function contentOf(npz: Npz, path: string) {
  const entry = npz.entries.get(IMAGES);
  if (!entry) {
    const others = [...npz.entries.keys()].join(", ") || "no array";
    throw new FormatError(path, IMAGES, `there is none; the file has ${others}`);
  }
  const shape = imageShape(entry, path);
  const labels = npz.entries.get(LABELS);
  if (!labels) return { entry, shape, labels: null };
  requireLabels(labels, shape[0], path);
  return { entry, shape, labels: labelsOf(await npz.read(LABELS), path) };
}

function imageShape({ dtype, shape }: NpzEntry, path: string): AdmFile["shape"] {
  const [n, height, width, channels] = shape;
  const found = `${dtype} [${shape.join(", ")}]`;
  if (dtype !== "uint8" || shape.length !== 4 || channels !== 3)
    throw new FormatError(
      path,
      IMAGES,
      `images are uint8 [N, height, width, 3], this is ${found}${shape[1] === 3 && shape.length === 4 ? ": transpose(0, 2, 3, 1) first" : ""}`,
    );
  if (!n || !height || !width) throw new FormatError(path, IMAGES, `it holds no images: ${found}`);
  return [n, height, width, channels];
}

/** Before they are read: memory is taken for one label an image and no more. */
function requireLabels({ dtype, shape }: NpzEntry, n: number, path: string): void {
  if (!/^u?int/.test(dtype) || shape.length !== 1 || shape[0] !== n)
    throw new FormatError(path, LABELS, `labels are ${n} integers, this is ${dtype} [${shape.join(", ")}]`);
}

function labelsOf({ data }: NumericArray, path: string): Int32Array {
  return Int32Array.from<number | bigint>(data, (value, k) => {
    const label = Number(value);
    if (label < 0 || label > 0x7fffffff)
      throw new FormatError(path, LABELS, `label ${k} is ${value}, labels begin at 0`);
    return label;
  });
}
