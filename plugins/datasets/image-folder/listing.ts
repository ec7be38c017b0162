import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { UserError } from "../../../harness/errors.ts";

/** What a folder holds. Hidden files and folders are left aside; links are followed, each folder once. */
export interface Listing {
  /** Paths of images directly in the folder. */
  readonly loose: readonly string[];
  /** Paths of images below each sub-folder that has any, in the order of the sub-folders' names. */
  readonly classes: ReadonlyMap<string, readonly string[]>;
  /** How many files have each other extension. */
  readonly others: ReadonlyMap<string, number>;
}

const EXTENSIONS = new Set([".jpg", ".jpeg", ".png", ".webp"]);

/** @throws UserError where the folder or one below it cannot be listed */
export async function listImages(folder: string): Promise<Listing> {
  const others = new Map<string, number>();
  const seen = new Set<string>();
  const root = await readFolder(folder, seen);
  const loose = images(folder, root.files, others);
  const classes = new Map<string, string[]>();
  for (const name of root.folders) {
    const paths = await below(join(folder, name), seen, others);
    if (paths.length > 0) classes.set(name, paths);
  }
  return { loose, classes, others };
}

async function below(folder: string, seen: Set<string>, others: Map<string, number>): Promise<string[]> {
  const { files, folders } = await readFolder(folder, seen);
  const paths = images(folder, files, others);
  for (const name of folders)
    for (const path of await below(join(folder, name), seen, others)) paths.push(path);
  return paths;
}

/** Names in a folder, sorted; none when the folder has been seen under another name (links may form loops). */
async function readFolder(
  folder: string,
  seen: Set<string>,
): Promise<{ files: string[]; folders: string[] }> {
  const files: string[] = [];
  const folders: string[] = [];
  try {
    const real = await realpath(folder);
    if (seen.has(real)) return { files, folders };
    seen.add(real);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const kind = await kindOf(entry, join(folder, entry.name));
      if (kind === "file") files.push(entry.name);
      else if (kind === "folder") folders.push(entry.name);
    }
  } catch (error) {
    throw new UserError(`the image folder ${folder} cannot be listed: ${(error as Error).message}`);
  }
  return { files: files.sort(), folders: folders.sort() };
}

/** A dangling link counts as a file, so that it is reported as unreadable; pipes and devices as nothing. */
async function kindOf(entry: Dirent, path: string): Promise<"file" | "folder" | null> {
  const target = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
  if (target === null || target.isFile()) return "file";
  return target.isDirectory() ? "folder" : null;
}

function images(folder: string, files: readonly string[], others: Map<string, number>): string[] {
  const paths: string[] = [];
  for (const name of files) {
    const extension = extname(name).toLowerCase();
    if (EXTENSIONS.has(extension)) paths.push(join(folder, name));
    else others.set(extension, (others.get(extension) ?? 0) + 1);
  }
  return paths;
}
