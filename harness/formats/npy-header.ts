/** The header of NumPy's array files (numpy.lib.format, versions 1.0, 2.0 and 3.0). */
import { FormatError } from "./format-error.ts";
import { bytesPerElement, type ElementType, elementsOf, isWhole } from "./numeric-array.ts";

const MAGIC = Buffer.from("\x93NUMPY", "latin1");
/** Magic, version and the longer of the two length fields. */
const PREAMBLE_BYTES = 12;
/** NumPy itself trusts 10 000. */
const MAX_HEADER_BYTES = 2 ** 16;
/** What to read of a file so that its header is in it, where it has an acceptable one. */
export const HEADER_BYTES = PREAMBLE_BYTES + MAX_HEADER_BYTES;
/** NumPy 2's limit. */
const MAX_AXES = 64;

export interface NpyHeader {
  readonly dtype: ElementType;
  readonly bigEndian: boolean;
  /** The first axis varies fastest. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the data begin, and how many bytes they take. */
  readonly dataStart: number;
  readonly dataBytes: number;
}

/**
 * @param start the first `HEADER_BYTES` bytes, or all there are
 * @throws FormatError
 */
export function parseNpyHeader(start: Uint8Array, file: string): NpyHeader {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new FormatError(file, "byte 0", "not an npy file: it does not begin with \\x93NUMPY");
  const version = `${bytes[6]}.${bytes[7]}`;
  if (bytes.length >= 8 && !["1.0", "2.0", "3.0"].includes(version))
    throw new FormatError(file, "byte 6", `npy version ${version} is not known`);
  const lengthBytes = version === "1.0" ? 2 : 4;
  const headerStart = 8 + lengthBytes;
  if (bytes.length < headerStart)
    throw new FormatError(file, `byte ${bytes.length}`, "the file ends before its header");
  const length = bytes.readUIntLE(8, lengthBytes);
  if (length > MAX_HEADER_BYTES)
    throw new FormatError(
      file,
      "byte 8",
      `a header of ${length} bytes, at most ${MAX_HEADER_BYTES} are read`,
    );
  const dataStart = headerStart + length;
  if (bytes.length < dataStart)
    throw new FormatError(
      file,
      "byte 8",
      `a header of ${length} bytes, the file has ${bytes.length - headerStart} more`,
    );
  const encoding = version === "3.0" ? "utf8" : "latin1";
  return { ...parseDictionary(bytes.toString(encoding, headerStart, dataStart), file), dataStart };
}

/** Python literals: a text, a boolean, a tuple of numbers (Python 2 ends a long one with L), or a list, which no key may be. */
const LITERAL = String.raw`'[^'\\]*'|"[^"\\]*"|True|False|\(\s*\)|\((?:\s*\d+L?\s*,)+(?:\s*\d+L?)?\s*\)|\[[^\]]*\]`;
const ITEM = new RegExp(String.raw`\s*(['"])(\w+)\1\s*:\s*(${LITERAL})\s*(?:,|(?=\}))`, "y");
const KEYS = ["descr", "fortran_order", "shape"];

/** The header's Python dictionary, read by its grammar and never evaluated. */
function parseDictionary(text: string, file: string): Omit<NpyHeader, "dataStart"> {
  const values = new Map<string, string>();
  const opening = /^\s*\{/.exec(text)?.[0].length ?? text.length;
  let end = opening;
  ITEM.lastIndex = opening;
  for (let item = ITEM.exec(text); item; item = ITEM.exec(text)) {
    const [, , key, value] = item;
    if (values.has(key!)) throw new FormatError(file, "header", `the key ${key} occurs twice`);
    if (!KEYS.includes(key!)) throw new FormatError(file, "header", `the key ${key} is not known`);
    values.set(key!, value!);
    end = ITEM.lastIndex;
  }
  if (!/^\s*\}\s*$/.test(text.slice(end)))
    throw new FormatError(
      file,
      "header",
      `not a dictionary of ${KEYS.join(", ")}: ${brief(text.slice(end))}`,
    );
  const missing = KEYS.find((key) => !values.has(key));
  if (missing) throw new FormatError(file, "header", `it has no ${missing}`);
  const element = elementOf(values.get("descr")!, file);
  const shape = shapeOf(values.get("shape")!, file);
  const dataBytes = (elementsOf(shape) ?? Number.NaN) * bytesPerElement(element.dtype);
  if (!isWhole(dataBytes))
    throw new FormatError(file, "header", `an array of shape ${brief(values.get("shape")!)} is too large`);
  return { ...element, shape, dataBytes, fortranOrder: flagOf(values.get("fortran_order")!, file) };
}

const brief = (text: string): string => JSON.stringify(text.trim().slice(0, 80));

const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map([
  ["b1", "bool"],
  ["i1", "int8"],
  ["u1", "uint8"],
  ["i2", "int16"],
  ["u2", "uint16"],
  ["f2", "float16"],
  ["i4", "int32"],
  ["u4", "uint32"],
  ["f4", "float32"],
  ["i8", "int64"],
  ["u8", "uint64"],
  ["f8", "float64"],
]);

/** @param code NumPy's, without the byte order: f4, u1, … */
export const elementTypeOf = (code: string): ElementType | undefined => ELEMENT_TYPES.get(code);

function elementOf(descr: string, file: string): Pick<NpyHeader, "dtype" | "bigEndian"> {
  const [, order, code] = /^['"]([<>|=]?)(\w+)['"]$/.exec(descr) ?? [];
  const dtype = elementTypeOf(code ?? "");
  if (dtype) return { dtype, bigEndian: order === ">" };
  if (code?.startsWith("O"))
    throw new FormatError(file, "header", "it holds Python objects, that is a pickle, which is never loaded");
  throw new FormatError(
    file,
    "header",
    `dtype ${brief(descr)} is not read: booleans, integers and real floats are`,
  );
}

function shapeOf(tuple: string, file: string): number[] {
  if (!tuple.startsWith("("))
    throw new FormatError(file, "header", `shape ${brief(tuple)} is not a tuple of numbers`);
  const shape = (tuple.match(/\d+/g) ?? []).map(Number);
  if (shape.length > MAX_AXES)
    throw new FormatError(file, "header", `${shape.length} axes, at most ${MAX_AXES} are read`);
  return shape;
}

function flagOf(literal: string, file: string): boolean {
  if (literal === "True" || literal === "False") return literal === "True";
  throw new FormatError(file, "header", `fortran_order ${brief(literal)} is not True or False`);
}

/** What stands before the data of a little-endian, row-major array: version 1.0, a multiple of 64 bytes, as NumPy writes it. */
export function npyHeader(dtype: ElementType, shape: readonly number[]): Buffer {
  const code = [...ELEMENT_TYPES].find(([, type]) => type === dtype)?.[0];
  if (!code) throw new TypeError(`NumPy has no ${dtype}`);
  const order = bytesPerElement(dtype) === 1 ? "|" : "<";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const bytes = Buffer.alloc(Math.ceil((10 + text.length + 1) / 64) * 64, " ");
  MAGIC.copy(bytes);
  bytes.writeUInt16LE(1, 6);
  bytes.writeUInt16LE(bytes.length - 10, 8);
  bytes.write(text, 10, "latin1");
  bytes.write("\n", bytes.length - 1);
  return bytes;
}
