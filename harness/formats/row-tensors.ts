/**
 * Tables of numbers in a safetensors file, [n, d] each, written and read a few rows at a time: features of more
 * images than memory holds.
 */
import { type FileHandle, open } from "node:fs/promises";
import { readAt, writeAt, writeAtomically } from "./atomic.ts";
import { FormatError } from "./format-error.ts";
import { asBytes, asElements } from "./numeric-array.ts";
import {
  headerLength,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  parseHeader,
  type StoredTensor,
} from "./safetensors-header.ts";

/** One table. */
export interface RowTensor {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: "float32" | "float64";
  /** Rows `start` … `end` − 1, one after another. @throws FormatError for a number that is not finite */
  read(start: number, end: number): Promise<Float64Array>;
}

export interface RowTensors {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tables: ReadonlyMap<string, RowTensor>;
  close(): Promise<void>;
}

/**
 * The file's float32 and float64 tensors of two axes; others are passed over.
 * @throws FormatError for what is no safetensors file, or holds no such tensor
 */
export async function openRowTensors(path: string): Promise<RowTensors> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = async (start: number, length: number): Promise<Uint8Array> => {
      const into = new Uint8Array(length);
      return into.subarray(0, await readAt(file, start, into));
    };
    const length = headerLength(await bytes(0, Math.min(size, LENGTH_BYTES)), size, path);
    const { metadata, tensors } = parseHeader(await bytes(LENGTH_BYTES, length), size, path);
    const tables = new Map(
      Object.entries(tensors).flatMap(([name, stored]) => {
        const found = table(file, path, name, stored);
        return found ? [[name, found] as const] : [];
      }),
    );
    if (tables.size === 0)
      throw new FormatError(
        path,
        "header",
        "features are tensors float32 or float64 [n, d], and there is none",
      );
    return { path, metadata, tables, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function table(
  file: FileHandle,
  path: string,
  name: string,
  { dtype, shape, start: offset }: StoredTensor,
): RowTensor | null {
  const where = `tensor ${JSON.stringify(name)}`;
  const [rows, cols] = shape as [number, number];
  if ((dtype !== "float32" && dtype !== "float64") || shape.length !== 2 || rows < 1 || cols < 1) return null;
  const rowBytes = cols * (dtype === "float32" ? 4 : 8);
  return {
    rows,
    cols,
    dtype,
    async read(start, end) {
      const bytes = new Uint8Array((end - start) * rowBytes);
      if ((await readAt(file, offset + start * rowBytes, bytes)) !== bytes.length)
        throw new FormatError(path, where, "the file became shorter while it was read");
      const values = Float64Array.from(asElements(dtype, bytes) as Float32Array | Float64Array);
      requireFinite(values, { start, cols }, path, where);
      return values;
    },
  };
}

/**
 * @param values whole rows of `cols` numbers, the first of them row `start`
 * @throws FormatError naming the row and dimension of a number that is not finite
 */
export function requireFinite(
  values: Float64Array,
  { start, cols }: { readonly start: number; readonly cols: number },
  path: string,
  where: string,
): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new FormatError(
      path,
      where,
      `row ${start + Math.floor(bad / cols)}, dimension ${bad % cols} is ${values[bad]}`,
    );
}

/** Puts rows of one table from row `start` on. */
export type WriteRows = (name: string, start: number, values: Float32Array) => Promise<void>;

/** Space for metadata that are known only when all rows are. */
const LATE_METADATA = 1024;

/**
 * Writes float32 tables of `n` rows each, whole or not at all.
 *
 * @param widths numbers a row, by table
 * @param early metadata known at the start
 * @param fill writes every row of every table, and returns the rest of the metadata, at most 1 kB
 * @throws FormatError before anything is written, for metadata of more than a header can hold
 */
export async function writeRowTensors(
  path: string,
  { n, widths, metadata: early }: RowTensorsPlan,
  fill: (write: WriteRows) => Promise<Readonly<Record<string, string>>>,
): Promise<void> {
  const entries: Record<string, unknown> = {};
  const offsets = new Map<string, number>();
  let end = 0;
  for (const [name, width] of Object.entries(widths)) {
    offsets.set(name, end);
    entries[name] = { dtype: "F32", shape: [n, width], data_offsets: [end, end + 4 * n * width] };
    end += 4 * n * width;
  }
  const header = (metadata: Readonly<Record<string, string>>): Buffer =>
    Buffer.from(JSON.stringify({ __metadata__: metadata, ...entries }));
  const length = 8 * Math.ceil((header(early).length + LATE_METADATA) / 8);
  if (length > MAX_HEADER_BYTES)
    throw new FormatError(
      path,
      "header",
      `what is to be said of ${n} rows, as the names of images, takes ${length} bytes, at most ${MAX_HEADER_BYTES} can be read back: take fewer, or give them shorter names`,
    );
  const data = LENGTH_BYTES + length;
  await writeAtomically(path, async (file) => {
    const late = await fill(async (name, start, values) => {
      const position = data + offsets.get(name)! + 4 * start * widths[name]!;
      await writeAt(file, position, asBytes(values));
    });
    const text = Buffer.alloc(data, " ");
    text.writeBigUInt64LE(BigInt(length));
    const json = header({ ...early, ...late });
    if (json.length > length)
      throw new RangeError(`metadata of ${json.length} bytes in a header of ${length}`);
    json.copy(text, LENGTH_BYTES);
    await writeAt(file, 0, text);
  });
}

export interface RowTensorsPlan {
  readonly n: number;
  readonly widths: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
}
