/** Named tensors in files: safetensors, read with bounds on everything, written byte for byte alike from like tensors. */
import { open } from "node:fs/promises";
import { writeAtomically } from "./atomic.ts";
import { fileSlice, wholeSlice } from "./file-slice.ts";
import { FormatError } from "./format-error.ts";
import { collect } from "./layout.ts";
import { asElements, checkedBytes, type ElementType, type NumericArray, toFloat32 } from "./numeric-array.ts";
import {
  ELEMENT_TYPES,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type StoredTensor,
} from "./safetensors-header.ts";
import { type LazyTensor, readTensor, type TensorFile, tensorFile } from "./tensor-file.ts";

export type NamedArrays = Readonly<Record<string, NumericArray>>;
export type Metadata = Readonly<Record<string, string>>;

export interface Safetensors {
  readonly metadata: Metadata;
  /** A record without a prototype. */
  readonly tensors: NamedArrays;
}

/** A tensor as programs take it: floats in float32, a bool as one byte. */
export interface HostTensor {
  readonly dtype: "float32" | "int32" | "bool";
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/**
 * A file's bytes as tensors; their data may share memory with `bytes`.
 * @param file what errors call it
 * @throws FormatError
 */
export function decodeSafetensors(bytes: Uint8Array, file = "safetensors data"): Safetensors {
  const end = LENGTH_BYTES + headerLength(bytes, bytes.length, file);
  const { metadata, tensors } = parseHeader(bytes.subarray(LENGTH_BYTES, end), bytes.length, file);
  return { metadata, tensors: mapRecord(tensors, (at) => arrayOf(at, bytes.subarray(at.start, at.end))) };
}

/** The tensors alone, as programs take them: 16-bit floats widened, other types than float32, int32 and bool refused. */
export function readSafetensors(bytes: Uint8Array, file?: string): Readonly<Record<string, HostTensor>> {
  return hostTensors(decodeSafetensors(bytes, file).tensors, file ?? "safetensors data");
}

/** `readSafetensors` of a file of any size. */
export async function readSafetensorsFile(path: string): Promise<Readonly<Record<string, HostTensor>>> {
  const file = await openSafetensors(path);
  try {
    const arrays: Record<string, NumericArray> = Object.create(null);
    for (const name of Object.keys(file.tensors)) arrays[name] = await file.read(name);
    return hostTensors(arrays, path);
  } finally {
    await file.close();
  }
}

/** An open file whose tensors are read one by one. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** @throws RangeError where there is no such tensor */
  read(name: string): Promise<NumericArray>;
  close(): Promise<void>;
}

/** Reads the header alone. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const { metadata, tensors, lazy, close } = await openHeader(path);
  return {
    metadata,
    tensors,
    async read(name) {
      const at = tensors[name];
      if (!at) throw new RangeError(`${path} has no tensor ${JSON.stringify(name)}`);
      return readTensor(lazy(at));
    },
    close,
  };
}

/** As a file of tensors. */
export async function openSafetensorsTensors(path: string): Promise<TensorFile> {
  const { metadata, tensors, lazy, close } = await openHeader(path);
  return tensorFile(
    "safetensors",
    { close },
    {
      tensors: new Map(Object.entries(tensors).map(([name, at]) => [name, lazy(at)])),
      metadata: new Map(Object.entries(metadata)),
    },
  );
}

interface OpenHeader extends SafetensorsHeader {
  lazy(at: StoredTensor): LazyTensor;
  close(): Promise<void>;
}

async function openHeader(path: string): Promise<OpenHeader> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = (start: number, end: number) => collect(fileSlice(file, path, start, end), end - start);
    const length = headerLength(await bytes(0, Math.min(size, LENGTH_BYTES)), size, path);
    const header = parseHeader(await bytes(LENGTH_BYTES, LENGTH_BYTES + length), size, path);
    return {
      ...header,
      lazy: ({ dtype, shape, start, end }) => ({
        dtype,
        shape,
        content: () => fileSlice(file, path, start, end),
        whole: () => wholeSlice(file, path, start, end),
      }),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The file's bytes: tensors in the order given, the header padded with spaces so that data begin at a multiple of 8. */
export function writeSafetensors(tensors: NamedArrays, metadata: Metadata = {}): Buffer {
  return Buffer.concat([...parts(tensors, metadata)]);
}

/** Writes the file whole or not at all. */
export function writeSafetensorsFile(
  path: string,
  tensors: NamedArrays,
  metadata: Metadata = {},
): Promise<void> {
  return writeAtomically(path, async (file) => {
    for (const part of parts(tensors, metadata)) await file.writeFile(part);
  });
}

const NAMES = Object.fromEntries(
  Object.entries(ELEMENT_TYPES).map(([name, dtype]) => [dtype, name]),
) as Readonly<Record<ElementType, string>>;

function* parts(tensors: NamedArrays, metadata: Metadata): Generator<Uint8Array> {
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  const data: Uint8Array[] = [];
  let end = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name === "__metadata__" || name === "__proto__")
      throw new RangeError(`a tensor cannot be named ${name}`);
    const bytes = checkedBytes(name, tensor);
    const start = end;
    end += bytes.length;
    header.push([name, { dtype: NAMES[tensor.dtype], shape: tensor.shape, data_offsets: [start, end] }]);
    data.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const start = Buffer.alloc(LENGTH_BYTES + Math.ceil(json.length / 8) * 8, " ");
  start.writeBigUInt64LE(BigInt(start.length - LENGTH_BYTES));
  json.copy(start, LENGTH_BYTES);
  yield start;
  yield* data;
}

const arrayOf = ({ dtype, shape }: StoredTensor, bytes: Uint8Array): NumericArray => ({
  dtype,
  shape,
  data: asElements(dtype, bytes),
});

const hostTensors = (arrays: NamedArrays, file: string): Readonly<Record<string, HostTensor>> =>
  mapRecord(arrays, (array, name): HostTensor => {
    const { dtype, shape, data } = array;
    if (dtype === "float32" || dtype === "float16" || dtype === "bfloat16")
      return { dtype: "float32", shape, data: toFloat32(array) };
    if (dtype === "int32" && data instanceof Int32Array) return { dtype, shape, data };
    if (dtype === "bool" && data instanceof Uint8Array) return { dtype, shape, data };
    throw new FormatError(
      file,
      `tensor ${JSON.stringify(name)}`,
      `its type is ${dtype}, not float32, int32 or bool`,
    );
  });

function mapRecord<From, To>(record: Readonly<Record<string, From>>, map: (value: From, name: string) => To) {
  const mapped: Record<string, To> = Object.create(null);
  for (const [name, value] of Object.entries(record)) mapped[name] = map(value, name);
  return mapped as Readonly<Record<string, To>>;
}
