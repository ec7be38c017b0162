/** The image files of a folder, in the one order every evaluator can agree on. */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { UserError } from "../errors.ts";

/** What the decoder reads. */
const READ = new Set([".png", ".jpg", ".jpeg", ".webp"]);
/** Images that other evaluators take and we do not: passing over them would change n without a word. */
const NOT_READ = new Set([".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".gif", ".avif"]);

/**
 * Paths below `folder`, with slashes, at any depth, sorted by code points as Python sorts strings. Links to
 * images count as images. Other files, and names that begin with a dot, are passed over.
 * @throws UserError for a folder without images, or with images of a format that is not read
 */
export async function imageFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join("/"));
  await requireNoLinkedFolder(folder, entries);
  const extension = (file: string): string => extname(file).toLowerCase();
  const foreign = files.find((file) => NOT_READ.has(extension(file)));
  if (foreign !== undefined)
    throw new UserError(
      `${join(folder, foreign)}: PNG, JPEG and WebP are read, not ${extension(foreign)}`,
      "convert such files to PNG, which changes no pixel",
    );
  const images = files.filter((file) => READ.has(extension(file)));
  if (images.length === 0)
    throw new UserError(
      `${folder} holds no PNG, JPEG or WebP image`,
      "name the folder that holds the images",
    );
  return images.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
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
