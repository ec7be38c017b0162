/** NumPy's array files. Objects, which are pickles, are never loaded. */
import { open } from "node:fs/promises";
import { readAt } from "./atomic.ts";
import { fileSlice } from "./file-slice.ts";
import { FormatError } from "./format-error.ts";
import {
  columnMajorStrides,
  gather,
  type Layout,
  rowMajorBytes,
  rowMajorStrides,
  swapped,
} from "./layout.ts";
import { HEADER_BYTES, type NpyHeader, parseNpyHeader } from "./npy-header.ts";
import {
  asBytes,
  asElements,
  bytesPerElement,
  type NumericArray,
  type NumericData,
} from "./numeric-array.ts";
import { readTensor, type TensorFile, tensorFile } from "./tensor-file.ts";

/** Data bytes of one array, or of some of its rows, as elements in this machine's byte order; may be a view of them. */
export function npyElements({ dtype, bigEndian }: NpyHeader, bytes: Uint8Array): NumericData {
  const size = bytesPerElement(dtype);
  return asElements(dtype, bigEndian && size > 1 ? swapped(bytes, size) : bytes);
}

/** All data bytes as an array in row-major order. */
export function npyArray(header: NpyHeader, bytes: Uint8Array): NumericArray {
  const { dtype, shape, fortranOrder } = header;
  const data = npyElements(header, bytes);
  if (!fortranOrder) return { dtype, shape, data };
  const turned = gather(asBytes(data), bytesPerElement(dtype), shape, columnMajorStrides(shape));
  return { dtype, shape, data: asElements(dtype, turned) };
}

/** How an array lies behind its header. */
export const layoutOf = ({ dtype, shape, bigEndian, fortranOrder }: NpyHeader): Layout => ({
  dtype,
  shape,
  bigEndian,
  strides: fortranOrder ? columnMajorStrides(shape) : rowMajorStrides(shape),
});

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
  const file = await openNpy(path);
  try {
    return await readTensor(file.tensors.get("")!);
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

/** Opens an npy file as a file of one tensor, whose name is empty. */
export async function openNpy(path: string): Promise<TensorFile> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(size, HEADER_BYTES));
    const header = parseNpyHeader(start.subarray(0, await readAt(file, 0, start)), path);
    checkSize(header, size, path);
    const { dtype, shape, dataStart } = header;
    const content = () => rowMajorBytes(fileSlice(file, path, dataStart, size), layoutOf(header));
    return tensorFile("npy", file, { tensors: new Map([["", { dtype, shape, content }]]) });
  } catch (error) {
    await file.close();
    throw error;
  }
}
