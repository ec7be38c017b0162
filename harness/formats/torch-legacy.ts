/**
 * PyTorch's checkpoints before 1.6: pickles of a magic number, a version, the machine, the value and a list of
 * storage keys; then for every key a number of elements (8 bytes) and the elements, little-endian
 * (torch/serialization.py, _legacy_save).
 */
import type { FileHandle } from "node:fs/promises";
import { fileSlice } from "./file-slice.ts";
import { FormatError } from "./format-error.ts";
import { collect } from "./layout.ts";
import { bytesPerElement } from "./numeric-array.ts";
import { unpickle } from "./pickle.ts";
import type { PickleNames } from "./pickle-objects.ts";
import { type TensorFile, tensorFile } from "./tensor-file.ts";
import { type TorchStorage, torchStorage } from "./torch-names.ts";
import { CHECKPOINT_NAMES, checkpointContent, type StoredBytes } from "./torch-tensors.ts";

export const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const LENGTH_BYTES = 8;

export interface LegacyPickles {
  readonly value: unknown;
  /** Of the storages, in the file's order. */
  readonly keys: readonly string[];
  /** What the value declares of them. */
  readonly declared: ReadonlyMap<string, TorchStorage>;
  /** Where the first storage is. */
  readonly end: number;
}

/** The pickles behind the magic number. */
export function legacyPickles(bytes: Uint8Array, start: number, path: string): LegacyPickles {
  const declared = new Map<string, TorchStorage>();
  const names: PickleNames = {
    ...CHECKPOINT_NAMES,
    persistent(id) {
      const storage = torchStorage(id);
      declared.set(storage.key, storage);
      return storage;
    },
  };
  const version = unpickle(bytes, names, path, start);
  if (version.value !== VERSION)
    throw new FormatError(
      path,
      `byte ${start}`,
      `version ${String(version.value)} of the format, ${VERSION} is read`,
    );
  const machine = unpickle(bytes, names, path, version.end);
  const { value, end: listStart } = unpickle(bytes, names, path, machine.end);
  const { value: keys, end } = unpickle(bytes, names, path, listStart);
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string"))
    throw new FormatError(path, `byte ${listStart}`, "not a list of storage keys");
  return { value, keys, declared, end };
}

/** @throws FormatError */
export async function legacyTensors(
  file: FileHandle,
  path: string,
  size: number,
  pickles: LegacyPickles,
): Promise<TensorFile> {
  const storages = await storagesOf(file, path, size, pickles);
  const source = {
    bigEndian: false,
    storage(key: string): StoredBytes {
      const found = storages.get(key);
      if (!found) throw new FormatError(path, `storage ${key.slice(0, 80)}`, "it is not in the file");
      return found;
    },
  };
  const { numpyOnly, ...found } = checkpointContent(pickles.value, source, path);
  return tensorFile(numpyOnly ? "torch-legacy-numpy" : "torch-legacy", file, found);
}

/** Goes from length to length through the rest of the file. */
async function storagesOf(
  file: FileHandle,
  path: string,
  size: number,
  { keys, declared, end }: LegacyPickles,
): Promise<ReadonlyMap<string, StoredBytes>> {
  const storages = new Map<string, StoredBytes>();
  let at = end;
  for (const key of keys) {
    const where = `storage ${key.slice(0, 80)}, byte ${at}`;
    const storage = declared.get(key);
    if (!storage) throw new FormatError(path, where, "no tensor is of it, so that its type is not known");
    if (at + LENGTH_BYTES > size)
      throw new FormatError(path, where, `the file ends before it, at byte ${size}`);
    const length = await collect(fileSlice(file, path, at, at + LENGTH_BYTES), LENGTH_BYTES);
    const elements = Number(Buffer.from(length).readBigUInt64LE());
    const bytes = elements * (storage.dtype ? bytesPerElement(storage.dtype) : 1);
    const start = at + LENGTH_BYTES;
    if (bytes !== storage.declaredBytes || start + bytes > size)
      throw new FormatError(
        path,
        where,
        `it announces ${bytes} bytes, ${storage.declaredBytes} are declared and ${size - start} left`,
      );
    if (storages.has(key)) throw new FormatError(path, where, "two storages have this key");
    storages.set(key, { bytes, read: (from, to) => fileSlice(file, path, start + from, start + to) });
    at = start + bytes;
  }
  if (at !== size) throw new FormatError(path, `byte ${at}`, `${size - at} bytes that belong to no storage`);
  return storages;
}
