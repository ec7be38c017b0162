/** The checkpoints of a folder: its files and folders, told apart by what their content is. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import native, { join, type posix, relative } from "node:path";
import { byCodePoints, isHidden } from "./image-names.ts";

export interface Checkpoint {
  readonly name: string;
  readonly path: string;
  /** Bytes of the file, or of all files of the folder. */
  readonly bytes: number;
  /** The latest change of any of them, in milliseconds. */
  readonly modified: number;
}

/** What a training script writes before it gives a file its name. */
const UNFINISHED = /\.(part|partial|tmp|temp)$/i;

const natural = new Intl.Collator("en", { numeric: true });

/**
 * What lies in the folder now, in natural order (step-9 before step-10). Hidden names and those that end in .part or
 * .tmp are passed over, and what disappears meanwhile.
 */
export async function checkpointsOf(folder: string): Promise<Checkpoint[]> {
  const names = (await readdir(folder)).filter((name) => !isHidden(name) && !UNFINISHED.test(name));
  const found = await Promise.all(names.map((name) => checkpointAt(folder, name)));
  return found
    .filter((one) => one !== null)
    .sort((a, b) => natural.compare(a.name, b.name) || byCodePoints(a.name, b.name));
}

/** @returns null where there is none (any more), or an empty folder */
export async function checkpointAt(folder: string, name: string): Promise<Checkpoint | null> {
  const path = join(folder, name);
  try {
    const files = await filesOf(path);
    const states = await Promise.all(files.map((file) => stat(file)));
    if (states.length === 0) return null;
    return {
      name,
      path,
      bytes: states.reduce((sum, { size }) => sum + size, 0),
      modified: Math.max(...states.map(({ mtimeMs }) => mtimeMs)),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

export const isSame = (a: Checkpoint, b: Pick<Checkpoint, "bytes" | "modified">): boolean =>
  a.bytes === b.bytes && a.modified === b.modified;

/** sha256 of a file, or of the names and contents of a folder's files. */
export async function checkpointHash({ path }: Checkpoint): Promise<string> {
  const hash = createHash("sha256");
  for (const file of await filesOf(path)) {
    if (file !== path) hash.update(`${relative(path, file)}\0`);
    for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  }
  return hash.digest("hex");
}

/** Whether `path` is `folder` or lies in it, both absolute. @param system whose paths they are */
export function isWithin(path: string, folder: string, system: typeof posix = native): boolean {
  const way = system.relative(folder, path);
  // Between two drives of Windows no way leads.
  return !(way === ".." || way.startsWith(`..${system.sep}`) || system.isAbsolute(way));
}

/** sha256 of the names, sizes and times of a file, or of a folder's files: quick, where content would take minutes. */
export async function listingHash(path: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of await filesOf(path)) {
    const { size, mtimeMs } = await stat(file);
    hash.update(JSON.stringify([relative(path, file), size, mtimeMs]));
  }
  return hash.digest("hex");
}

/** The file itself, or the files of a folder at any depth, in order. */
async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort(byCodePoints);
}
