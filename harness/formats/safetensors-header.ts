/**
 * The header of a safetensors file (github.com/huggingface/safetensors, "Format"): 8 bytes of length, then
 * JSON of names → {dtype, shape, data_offsets}, then the data, without gap, overlap or rest.
 */
import { FormatError } from "./format-error.ts";
import { bytesPerElement, type ElementType, elementsOf, isWhole } from "./numeric-array.ts";
import { isObject, parseJsonObject } from "./strict-json.ts";

export const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = Object.assign(Object.create(null), {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
});

export const LENGTH_BYTES = 8;
/** The format's own limit: the names of two million images. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Values, of which a tensor of four axes has ten with its braces: 400 000 tensors. A long text is one. */
const MAX_PARTS = 2 ** 22;
/** Names, fields, arrays. */
const MAX_DEPTH = 3;
const METADATA = "__metadata__";

/** Where a tensor lies, in bytes from the beginning of the file. */
export interface StoredTensor {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** Records without a prototype, so that any name is only a name. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

/** @param start the file's first bytes, at least 8 where it has them */
export function headerLength(start: Uint8Array, fileBytes: number, file: string): number {
  if (fileBytes < LENGTH_BYTES)
    throw new FormatError(
      file,
      "length field",
      `the file has ${fileBytes} bytes, a safetensors file at least 8`,
    );
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.toString("latin1", 0, LENGTH_BYTES) === "version ")
    throw new FormatError(
      file,
      "byte 0",
      "this is text, perhaps a Git LFS pointer that was not fetched (git lfs pull)",
    );
  const length = bytes.readBigUInt64LE(0);
  if (length > MAX_HEADER_BYTES)
    throw new FormatError(
      file,
      "length field",
      `a header of ${length} bytes, at most ${MAX_HEADER_BYTES} are read`,
    );
  if (LENGTH_BYTES + Number(length) > fileBytes)
    throw new FormatError(file, "length field", `a header of ${length} bytes in a file of ${fileBytes}`);
  return Number(length);
}

/** Reads and checks the JSON; every tensor of the answer lies within the file. */
export function parseHeader(json: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  const header = parseJsonObject(json, file, "header", MAX_DEPTH, MAX_PARTS);
  const dataStart = LENGTH_BYTES + json.length;
  const tensors: Record<string, StoredTensor> = Object.create(null);
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__proto__") throw new FormatError(file, "header", "a tensor named __proto__ is not read");
    if (name !== METADATA) tensors[name] = storedTensor(name, entry, dataStart, file);
  }
  checkLayout(tensors, dataStart, fileBytes, file);
  return { metadata: metadataOf(header[METADATA], file), tensors };
}

function storedTensor(name: string, entry: unknown, dataStart: number, file: string): StoredTensor {
  const where = `tensor ${JSON.stringify(name)}`;
  if (!isObject(entry)) throw new FormatError(file, where, "its entry is not an object");
  const dtype = typeof entry.dtype === "string" ? ELEMENT_TYPES[entry.dtype] : undefined;
  if (!dtype) throw new FormatError(file, where, `dtype ${JSON.stringify(entry.dtype)} is not known`);
  const { shape, data_offsets: offsets } = entry;
  const elements = Array.isArray(shape) ? elementsOf(shape) : null;
  if (elements === null) throw new FormatError(file, where, `shape ${brief(shape)} is not one`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isWhole))
    throw new FormatError(file, where, `data_offsets ${brief(offsets)} are not two whole numbers`);
  const [start, end] = offsets as unknown as [number, number];
  const bytes = elements * bytesPerElement(dtype);
  if (end - start !== bytes)
    throw new FormatError(
      file,
      where,
      `data_offsets ${brief(offsets)} span ${end - start} bytes, its shape takes ${bytes}`,
    );
  return { dtype, shape: shape as number[], start: dataStart + start, end: dataStart + end };
}

const brief = (value: unknown): string => (JSON.stringify(value) ?? "(none)").slice(0, 80);

/** In the order of their offsets each tensor begins where the last ended, and the last ends the file. */
function checkLayout(
  tensors: SafetensorsHeader["tensors"],
  dataStart: number,
  fileBytes: number,
  file: string,
): void {
  let expected = dataStart;
  for (const [name, { start, end }] of Object.entries(tensors).sort(
    ([, a], [, b]) => a.start - b.start || a.end - b.end,
  )) {
    const where = `tensor ${JSON.stringify(name)}`;
    if (start !== expected)
      throw new FormatError(
        file,
        where,
        `begins at byte ${start}, ${start < expected ? "inside" : "behind"} the last one's end ${expected}`,
      );
    if (end > fileBytes) throw new FormatError(file, where, `ends at byte ${end} of a file of ${fileBytes}`);
    expected = end;
  }
  if (expected !== fileBytes)
    throw new FormatError(file, `byte ${expected}`, `${fileBytes - expected} bytes that belong to no tensor`);
}

function metadataOf(value: unknown, file: string): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  if (value === undefined) return metadata;
  if (!isObject(value)) throw new FormatError(file, METADATA, "not an object");
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string")
      throw new FormatError(file, `${METADATA}.${key}`, `${brief(text)} is not text`);
    metadata[key] = text;
  }
  return metadata;
}
