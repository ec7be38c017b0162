/** The files of a folder, at any depth. */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { UserError } from "../errors.ts";

/**
 * Paths below `folder`, with slashes, in no order. Links to files count as files.
 * @throws UserError for a link to a folder
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  await requireNoLinkedFolder(folder, entries);
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join("/"));
}

/** They are not read, and to pass over them would change n without a word. */
async function requireNoLinkedFolder(folder: string, entries: readonly Dirent[]): Promise<void> {
  for (const { parentPath, name } of entries.filter((entry) => entry.isSymbolicLink())) {
    const path = join(parentPath, name);
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory())
      throw new UserError(
        `${path} is a link to a folder, and such are not followed`,
        `link to the images, or put the folder itself into ${folder}`,
      );
  }
}
