/**
 * The cache: a folder a content address. Payloads are written first, then `done.json`, which names them and
 * their digests, by atomic rename: a folder without it is unfinished work, never a result.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import writeFileAtomic from "write-file-atomic";
import { UserError } from "../errors.ts";

interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

export interface Stored<Value> {
  readonly value: Value;
  readonly files: Readonly<Record<string, FileDigest>>;
}

const POINTER = "done.json";

/** What a folder holds, or null where the work is not finished. Throws a `UserError` where a payload is damaged. */
export async function readStored<Value>(folder: string, pointer = POINTER): Promise<Stored<Value> | null> {
  const path = join(folder, pointer);
  if (!existsSync(path)) return null;
  const stored = parsePointer<Value>(path, await readFile(path, "utf8"));
  for (const [name, expected] of Object.entries(stored.files)) {
    const file = join(folder, name);
    const problem = await damage(file, expected);
    if (problem)
      throw new UserError(`cache file ${file} ${problem}`, `delete the folder ${folder} and run again`);
  }
  return stored;
}

function parsePointer<Value>(path: string, text: string): Stored<Value> {
  try {
    return JSON.parse(text) as Stored<Value>;
  } catch (cause) {
    throw new UserError(
      `cache file ${path} is not JSON: ${(cause as Error).message}`,
      `delete ${path} and run again`,
    );
  }
}

async function damage(file: string, expected: FileDigest): Promise<string | null> {
  if (!existsSync(file)) return "is missing";
  const { size } = await stat(file);
  if (size !== expected.bytes) return `has ${size} bytes, expected ${expected.bytes}`;
  return (await digest(file)).sha256 === expected.sha256
    ? null
    : "does not have the sha256 it was stored with";
}

export async function digest(file: string): Promise<FileDigest> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return { bytes: (await stat(file)).size, sha256: hash.digest("hex") };
}

/** The sha256 of what `sha256sum` prints of files, each by the name it is told by. */
export async function listDigest(files: Iterable<readonly [name: string, path: string]>): Promise<string> {
  const list = createHash("sha256");
  for (const [name, path] of files) list.update(`${(await digest(path)).sha256}  ${name}\n`);
  return list.digest("hex");
}

/** Marks a folder finished: `files` are its payloads, already in place. */
export async function store<Value>(
  folder: string,
  value: Value,
  files: readonly string[],
  pointer = POINTER,
): Promise<Stored<Value>> {
  await mkdir(folder, { recursive: true });
  const digests = await Promise.all(
    files.map(async (name) => [name, await digest(join(folder, name))] as const),
  );
  const stored = { value, files: Object.fromEntries(digests) };
  await writeFileAtomic(join(folder, pointer), JSON.stringify(stored));
  return stored;
}
