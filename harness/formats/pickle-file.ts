/** Files that begin with a pickle: statistics as EDM2 keeps them, and PyTorch's legacy checkpoints. */
import { type FileHandle, open } from "node:fs/promises";
import { readAt } from "./atomic.ts";
import { FormatError } from "./format-error.ts";
import { NumpyArray } from "./numpy-names.ts";
import { MAX_PICKLE_BYTES, PickleEnded, type Unpickled, unpickle } from "./pickle.ts";
import { leavesOf } from "./pickle-tree.ts";
import { type TensorFile, tensorFile } from "./tensor-file.ts";
import { legacyPickles, legacyTensors, MAGIC } from "./torch-legacy.ts";
import { DATA_NAMES } from "./torch-tensors.ts";

/**
 * Opens a pickle of NumPy arrays and plain data, or a legacy checkpoint.
 * @throws FormatError
 */
export async function openPickle(path: string): Promise<TensorFile> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { plain, legacy } = await onBeginning(file, path, size, (bytes) => {
      const first = unpickle(bytes, DATA_NAMES, path);
      if (first.value !== MAGIC) return { plain: first };
      return { legacy: legacyPickles(bytes, first.end, path) };
    });
    return legacy ? await legacyTensors(file, path, size, legacy) : plainTensors(file, path, size, plain);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function plainTensors(file: FileHandle, path: string, size: number, { value, end }: Unpickled): TensorFile {
  if (end !== size)
    throw new FormatError(
      path,
      `byte ${end}`,
      `${size - end} more bytes behind a pickle that is not PyTorch's magic number, 0x${MAGIC.toString(16)}`,
    );
  const { tensors, values } = leavesOf(value, [NumpyArray], path);
  return tensorFile("pickle-numpy", file, { tensors, values });
}

/** Enough for a checkpoint's pickles; statistics take more. */
const FIRST_BYTES = 2 ** 22;

/** What `read` makes of the file's beginning, or of more of it where a pickle ends in the middle. */
async function onBeginning<Result>(
  file: FileHandle,
  path: string,
  size: number,
  read: (bytes: Uint8Array) => Result,
): Promise<Result> {
  for (let length = FIRST_BYTES; ; length *= 8) {
    const bytes = new Uint8Array(Math.min(length, size, MAX_PICKLE_BYTES));
    await readAt(file, 0, bytes);
    try {
      return read(bytes);
    } catch (error) {
      if (!(error instanceof PickleEnded) || bytes.length === size) throw error;
      if (bytes.length === MAX_PICKLE_BYTES)
        throw new FormatError(
          path,
          "pickle",
          `longer than ${MAX_PICKLE_BYTES} bytes, which are read at most`,
        );
    }
  }
}
