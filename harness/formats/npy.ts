/** NumPy's array files. Objects, which are pickles, are never loaded. */
import { open } from "node:fs/promises";
import { readAt } from "./atomic.ts";
import { FormatError } from "./format-error.ts";
import { HEADER_BYTES, type NpyHeader, parseNpyHeader } from "./npy-header.ts";
import { asElements, bytesPerElement, type NumericArray, type NumericData } from "./numeric-array.ts";

/** Data bytes of one array, or of some of its rows, as elements in this machine's byte order; may be a view of them. */
export function npyElements({ dtype, bigEndian }: NpyHeader, bytes: Uint8Array): NumericData {
  const size = bytesPerElement(dtype);
  if (!bigEndian || size === 1) return asElements(dtype, bytes);
  const swapped = Buffer.from(new Uint8Array(bytes).buffer);
  if (size === 2) swapped.swap16();
  else if (size === 4) swapped.swap32();
  else swapped.swap64();
  return asElements(dtype, swapped);
}

/** All data bytes as an array in row-major order. */
export function npyArray(header: NpyHeader, bytes: Uint8Array): NumericArray {
  const { dtype, shape, fortranOrder } = header;
  const data = npyElements(header, bytes);
  return { dtype, shape, data: fortranOrder && shape.length > 1 ? toRowMajor(data, shape) : data };
}

function toRowMajor(data: NumericData, shape: readonly number[]): NumericData {
  const rowMajor = data.slice();
  // Elements of one kind go to one like it; which of the kinds, assignment need not know.
  copyFromFortran(data as Float64Array, rowMajor as Float64Array, shape);
  return rowMajor;
}

/** Goes through `from` in order, first axis fastest, and through `to` by its strides. */
function copyFromFortran(from: Float64Array, to: Float64Array, shape: readonly number[]): void {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < from.length; i++) {
    to[at] = from[i]!;
    for (let axis = 0; axis < shape.length; axis++) {
      at += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/**
 * An npy file's bytes as an array; its data may share memory with `bytes`.
 * @param file what errors call it
 * @throws FormatError
 */
export function decodeNpy(bytes: Uint8Array, file = "npy data"): NumericArray {
  const header = parseNpyHeader(bytes.subarray(0, HEADER_BYTES), file);
  checkSize(header, bytes.length, file);
  return npyArray(header, bytes.subarray(header.dataStart));
}

/** Reads an npy file whole; memory is bounded by the file's size. */
export async function readNpy(path: string): Promise<NumericArray> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(size, HEADER_BYTES));
    const header = parseNpyHeader(start.subarray(0, await readAt(file, 0, start)), path);
    checkSize(header, size, path);
    const data = new Uint8Array(header.dataBytes);
    checkSize(header, header.dataStart + (await readAt(file, header.dataStart, data)), path);
    return npyArray(header, data);
  } finally {
    await file.close();
  }
}

/** Throws where a file of `bytes` bytes is not the header and its data, neither more nor less. */
export function checkSize({ dataStart, dataBytes }: NpyHeader, bytes: number, file: string): void {
  if (bytes !== dataStart + dataBytes)
    throw new FormatError(
      file,
      `byte ${dataStart}`,
      `${bytes - dataStart} bytes of data, its shape and dtype take ${dataBytes}`,
    );
}
