/** A checkpoint's pickle and its storages, put together as lazily read tensors. */
import { FormatError } from "./format-error.ts";
import { rowMajorBytes, spanBytes } from "./layout.ts";
import { bytesPerElement } from "./numeric-array.ts";
import { NUMPY_NAMES, NumpyArray } from "./numpy-names.ts";
import type { PickleNames } from "./pickle-objects.ts";
import { leavesOf } from "./pickle-tree.ts";
import { PYTHON_NAMES } from "./python-names.ts";
import { denseBytes, type LazyTensor, type TensorFile } from "./tensor-file.ts";
import { TORCH_NAMES, TorchTensor, torchStorage } from "./torch-names.ts";

/** Names that pickles of arrays and plain data use. */
export const DATA_NAMES: PickleNames = {
  global: (name) => PYTHON_NAMES.get(name) ?? NUMPY_NAMES.get(name),
};

/** Those, and PyTorch's. */
export const CHECKPOINT_NAMES: PickleNames = {
  global: (name) => TORCH_NAMES.get(name) ?? DATA_NAMES.global(name),
  persistent: torchStorage,
};

/** A storage's bytes in the file. */
export interface StoredBytes {
  readonly bytes: number;
  /** Bytes `start` … `end` − 1 of it. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface StorageSource {
  readonly bigEndian: boolean;
  /** @throws FormatError where there is none of this key */
  storage(key: string): StoredBytes;
}

/** What views may come to in all, beyond the bytes they are of: shared and repeated elements are told many times. */
const MAX_REPEATED_BYTES = 2 ** 30;
const MAX_REPEATS = 16;

type Content = Pick<TensorFile, "tensors" | "values"> & { readonly numpyOnly: boolean };

/**
 * @param value the pickle's
 * @throws FormatError where a tensor has no storage, one of another size, or all of them are much larger
 * than their storages
 */
export function checkpointContent(value: unknown, source: StorageSource, file: string): Content {
  const leaves = leavesOf<TorchTensor | NumpyArray>(value, [TorchTensor, NumpyArray], file);
  const tensors = new Map<string, LazyTensor>();
  const stored = new Map<string, number>();
  let dense = 0;
  for (const [name, leaf] of leaves.tensors) {
    const tensor = leaf instanceof TorchTensor ? lazyTensor(leaf, name, source, file) : leaf;
    tensors.set(name, tensor);
    if (!(leaf instanceof TorchTensor)) continue;
    dense += denseBytes(tensor);
    stored.set(leaf.storage.key, source.storage(leaf.storage.key).bytes);
  }
  const bytes = [...stored.values()].reduce((sum, one) => sum + one, 0);
  if (dense > MAX_REPEATED_BYTES + MAX_REPEATS * bytes)
    throw new FormatError(file, "pickle", `its tensors take ${dense} bytes, of which the file has ${bytes}`);
  return { tensors, values: leaves.values, numpyOnly: tensors.size > 0 && stored.size === 0 };
}

function lazyTensor(
  { storage, layout, offset }: TorchTensor,
  name: string,
  source: StorageSource,
  file: string,
): LazyTensor {
  const stored = source.storage(storage.key);
  // Bytes seen through a wider type may leave a rest.
  const rest = stored.bytes - storage.declaredBytes;
  if (!(rest >= 0 && rest < bytesPerElement(layout.dtype)))
    throw new FormatError(
      file,
      name,
      `its storage ${storage.key} has ${stored.bytes} bytes, ${storage.declaredBytes} are declared`,
    );
  const placed = { ...layout, bigEndian: source.bigEndian };
  const start = storage.start + offset;
  const content = () => rowMajorBytes(stored.read(start, start + spanBytes(placed)), placed);
  return { dtype: layout.dtype, shape: layout.shape, content };
}
