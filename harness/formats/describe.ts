/** What a file or a folder holds, in words and numbers that JSON can carry. */
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { openTensors, recogniseFile } from "./open-tensors.ts";
import { denseBytes, type LazyTensor, type PlainValue } from "./tensor-file.ts";

interface DescribedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Of its row-major, little-endian bytes, in hexadecimal. */
  readonly sha256?: string;
}

type JsonValue = null | boolean | number | string | readonly JsonValue[];

export interface Description {
  /** A `TensorFile`'s, or "folder". */
  readonly format: string;
  readonly tensors: readonly DescribedTensor[];
  /** Integers beyond 2⁵³ and floats that are not finite are texts, bytes hexadecimal texts. */
  readonly values: ReadonlyMap<string, JsonValue>;
  /** A safetensors file's own texts. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Whether all data were read, and with them the checksums that the file has of them. */
  readonly checked: boolean;
}

/** Files of more data are not read through unless their hashes are asked for. */
const MAX_CHECKED_BYTES = 2 ** 30;

/**
 * Opens the file and executes nothing of it. Data of up to 1 GiB are read through, so that damage shows;
 * more are where hashes are asked for.
 * @throws FormatError
 */
export async function describe(path: string, hash = false): Promise<Description> {
  if ((await stat(path)).isDirectory()) return describeFolder(path);
  const file = await openTensors(path);
  try {
    const { format, metadata } = file;
    const bytes = [...file.tensors.values()].reduce((sum, tensor) => sum + denseBytes(tensor), 0);
    const checked = hash || bytes <= MAX_CHECKED_BYTES;
    const tensors: DescribedTensor[] = [];
    for (const [name, tensor] of file.tensors) {
      const { dtype, shape } = tensor;
      if (checked && !hash) for await (const _ of tensor.content());
      tensors.push({ name, dtype, shape, ...(hash && { sha256: await sha256Of(tensor) }) });
    }
    const values = new Map([...file.values].map(([name, value]) => [name, jsonValue(value)]));
    return { format, tensors, values, metadata, checked };
  } finally {
    await file.close();
  }
}

async function sha256Of(tensor: LazyTensor): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of tensor.content()) hash.update(piece);
  return hash.digest("hex");
}

function jsonValue(value: PlainValue): JsonValue {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value as JsonValue;
}

/** How many files of each kind a folder has, at any depth, by their content. */
async function describeFolder(path: string): Promise<Description> {
  const values = new Map<string, number>([
    ["files", 0],
    ["bytes", 0],
  ]);
  const add = (name: string, amount: number) => values.set(name, (values.get(name) ?? 0) + amount);
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    add("files", 1);
    add("bytes", (await stat(file)).size);
    add(`kinds/${(await recogniseFile(file)) ?? "other"}`, 1);
  }
  return { format: "folder", tensors: [], values, metadata: new Map(), checked: false };
}
