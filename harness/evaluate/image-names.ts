/** Which of many file names are images to score, whether they lie in a folder or in an archive. */
import { dirname, extname } from "node:path";
import { UserError } from "../errors.ts";

/** What the decoder reads. */
const READ = new Set([".png", ".jpg", ".jpeg", ".webp"]);
/** Images that other evaluators take and we do not: passing over them would change n without a word. */
const NOT_READ = new Set([".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".gif", ".avif"]);

/**
 * The images among files, in the files' order. Others, and what is hidden, are passed over.
 * @param names with slashes
 * @param where what errors call the folder or archive
 * @throws UserError for images of a format that is not read
 */
export function imageNames(names: readonly string[], where: string): string[] {
  const seen = names.filter((name) => !isHidden(name));
  const foreign = seen.find((name) => NOT_READ.has(extension(name)));
  if (foreign !== undefined)
    throw new UserError(
      `${where}/${foreign}: PNG, JPEG and WebP are read, not ${extension(foreign)}`,
      "convert such files to PNG, which changes no pixel",
    );
  return seen.filter((name) => READ.has(extension(name)));
}

/** Whether its name, or that of a folder it lies in, begins with a dot. */
export const isHidden = (name: string): boolean => /(^|\/)\./.test(name);

const extension = (name: string): string => extname(name).toLowerCase();

/** As Python sorts strings. */
export function byCodePoints(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates, two of which are a code point beyond the first 2¹⁶, behind all of those. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 2 ** 16 : unit);

/** EDM's generate.py --subdirs: 000000, 001000, … hold a thousand seeds each, and are no classes. */
const THOUSANDS = /^\d{3}000$/;

/** The class of every image where each lies in a folder of its class; null otherwise. */
export function labelsByFolder(names: readonly string[]): Int32Array | null {
  const folders = names.map(dirname);
  const classes = new Map([...new Set(folders)].sort(byCodePoints).map((folder, label) => [folder, label]));
  if (classes.size < 2 || classes.has(".") || [...classes.keys()].every((folder) => THOUSANDS.test(folder)))
    return null;
  return Int32Array.from(folders, (folder) => classes.get(folder)!);
}
