/**
 * Safetensors in several files (huggingface_hub, "Sharded checkpoints"): an index, JSON with `weight_map` from a
 * tensor's name to the file, beside the index, that has it.
 */

import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileSlice } from "./file-slice.ts";
import { FormatError } from "./format-error.ts";
import { collect } from "./layout.ts";
import { openSafetensorsTensors } from "./safetensors.ts";
import { isObject, parseJsonObject } from "./strict-json.ts";
import { type LazyTensor, type TensorFile, tensorFile } from "./tensor-file.ts";

const MAX_INDEX_BYTES = 2 ** 25;
/** The index, `weight_map` or `metadata`, and what `metadata` may hold. */
const MAX_DEPTH = 8;
/** Every shard stays open. */
const MAX_SHARDS = 1024;

/** @throws FormatError also where a shard is missing or lacks a tensor, and for shards that are not beside the index */
export async function openShardedSafetensors(path: string): Promise<TensorFile> {
  const shardOf = await readIndex(path);
  const shards = new Map<string, TensorFile>();
  const close = async () => {
    for (const shard of shards.values()) await shard.close();
  };
  try {
    const tensors = new Map<string, LazyTensor>();
    for (const [name, shard] of shardOf) {
      const file = shards.get(shard) ?? (await openShard(path, shard, shards));
      const tensor = file.tensors.get(name);
      if (!tensor) throw new FormatError(path, JSON.stringify(name), `${shard} has no such tensor`);
      tensors.set(name, tensor);
    }
    return tensorFile("safetensors-sharded", { close }, { tensors });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Paths of the shards that an index names, each once, in the order of their names. @throws FormatError */
export async function shardsOf(path: string): Promise<readonly string[]> {
  const names = new Set((await readIndex(path)).values());
  return [...names].sort().map((name) => join(dirname(path), name));
}

async function readIndex(path: string): Promise<ReadonlyMap<string, string>> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > MAX_INDEX_BYTES)
      throw new FormatError(path, "index", `${size} bytes, at most ${MAX_INDEX_BYTES} are read`);
    const json = await collect(fileSlice(file, path, 0, size), size);
    const { weight_map: map } = parseJsonObject(json, path, "index", MAX_DEPTH);
    if (!isObject(map))
      throw new FormatError(path, "weight_map", "the index of a sharded checkpoint has one");
    return new Map(Object.entries(map).map(([name, shard]) => [name, checkedShard(name, shard, path)]));
  } finally {
    await file.close();
  }
}

/** A plain file name: nothing that leads out of the index's folder. */
function checkedShard(name: string, shard: unknown, path: string): string {
  if (typeof shard === "string" && /^[^/\\:\0]+$/.test(shard) && !/^\.+$/.test(shard)) return shard;
  throw new FormatError(
    path,
    JSON.stringify(name),
    `its shard ${JSON.stringify(shard)?.slice(0, 80)} is not the name of a file beside the index`,
  );
}

async function openShard(path: string, shard: string, shards: Map<string, TensorFile>): Promise<TensorFile> {
  if (shards.size === MAX_SHARDS) throw new FormatError(path, "weight_map", `more than ${MAX_SHARDS} shards`);
  try {
    const opened = await openSafetensorsTensors(join(dirname(path), shard));
    shards.set(shard, opened);
    return opened;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new FormatError(path, "weight_map", `the shard ${shard} is missing`, { cause: error });
    throw error;
  }
}
