/** Any file of tensors, recognised by its content; its name says nothing. */
import { open } from "node:fs/promises";
import { readAt } from "./atomic.ts";
import { FormatError } from "./format-error.ts";
import { openNpy } from "./npy.ts";
import { isArray, npzTensors } from "./npz-reader.ts";
import { openPickle } from "./pickle-file.ts";
import { type FileKind, RECOGNISED_FROM, recognise } from "./recognise.ts";
import { openSafetensorsTensors } from "./safetensors.ts";
import { openShardedSafetensors, shardsOf } from "./safetensors-sharded.ts";
import type { TensorFile } from "./tensor-file.ts";
import { isTorchZip, torchZipTensors } from "./torch-zip.ts";
import { openZip } from "./zip-archive.ts";

/**
 * Opens an npy, npz or safetensors file, the index of a sharded one, a PyTorch checkpoint (zip or legacy) or a
 * pickle of NumPy arrays. Names, types and shapes are read and checked, and no tensor's data; nothing in the file is executed.
 * @throws FormatError for everything else, and for what is damaged or hostile
 */
export async function openTensors(path: string): Promise<TensorFile> {
  const start = await beginning(path);
  const kind = recognise(start);
  if (kind === "npy") return openNpy(path);
  if (kind === "pickle") return openPickle(path);
  if (kind === "safetensors") return openSafetensorsTensors(path);
  if (kind === "json") return openShardedSafetensors(path);
  if (kind === "zip") return openZipTensors(path);
  throw new FormatError(path, "byte 0", `not a file of tensors: ${told(kind, start)}`);
}

/** The files that a path stands for: itself; of the index of a sharded one, the shards after it. @throws FormatError */
export const filesOf = async (path: string): Promise<readonly string[]> =>
  (await recogniseFile(path)) === "json" ? [path, ...(await shardsOf(path))] : [path];

/** @returns null where nothing fits */
export const recogniseFile = async (path: string): Promise<FileKind | null> =>
  recognise(await beginning(path));

async function beginning(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const start = new Uint8Array(RECOGNISED_FROM);
    return start.subarray(0, await readAt(file, 0, start));
  } finally {
    await file.close();
  }
}

async function openZipTensors(path: string): Promise<TensorFile> {
  const zip = await openZip(path);
  try {
    if (isTorchZip(zip)) return await torchZipTensors(zip, path);
    if (zip.members.some(isArray)) return await npzTensors(zip, path);
    throw new FormatError(
      path,
      "ZIP directory",
      "neither a member data.pkl, as PyTorch's, nor one that ends in .npy",
    );
  } catch (error) {
    await zip.close();
    throw error;
  }
}

function told(kind: FileKind | null, start: Uint8Array): string {
  if (start.length === 0) return "it is empty";
  if (kind === "git-lfs-pointer") return "it is a Git LFS pointer, whose file was not fetched (git lfs pull)";
  if (kind) return `its content is ${kind}`;
  return `it begins with ${JSON.stringify(Buffer.from(start).toString("latin1", 0, 16))}`;
}
