/** Images in a ZIP file, as clean-fid and EDM read them. */
import { UserError } from "../errors.ts";
import { FormatError } from "../formats/format-error.ts";
import { collect } from "../formats/layout.ts";
import { isArray } from "../formats/npz-reader.ts";
import { openZip, type ZipArchive, type ZipMember } from "../formats/zip-archive.ts";
import { encodedSet } from "./encoded-images.ts";
import { byCodePoints, imageNames, labelsByFolder } from "./image-names.ts";
import type { ImageSet } from "./image-set.ts";
import type { Tool } from "./tool-listing.ts";

/** What one image's file may take in memory. */
const MAX_BYTES = 2 ** 28;

/**
 * The images by code points of their names, as EDM sorts them.
 * @returns null where the file holds arrays, as an npz does
 * @throws UserError, FormatError
 */
export async function openImageZip(path: string, tool: Tool | undefined): Promise<ImageSet | null> {
  const zip = await openZip(path);
  try {
    if (!zip.members.some(isArray)) return setOf(zip, path, tool);
    await zip.close();
    return null;
  } catch (error) {
    await zip.close();
    throw error;
  }
}

/**
 * Whether a ZIP file holds images: neither arrays, as an npz, nor what PyTorch saves.
 * @throws UserError for images of a format that is not read, FormatError
 */
export async function holdsImages(path: string): Promise<boolean> {
  const zip = await openZip(path);
  await zip.close();
  return (
    !zip.members.some(isArray) &&
    imageNames(
      zip.members.map(({ name }) => name),
      path,
    ).length > 0
  );
}

function setOf(zip: ZipArchive, path: string, tool: Tool | undefined): ImageSet {
  const members = new Map(zip.members.map((member) => [member.name, member]));
  const names = imageNames([...members.keys()], path).sort(byCodePoints);
  if (names.length === 0)
    throw new UserError(
      `${path} holds neither PNG, JPEG or WebP images nor arrays`,
      "name a zip of images, or an .npz of samples",
    );
  const images = names.map((name) => ({
    name,
    path: `${path}/${name}`,
    source: () => contentOf(zip, members.get(name)!, path),
  }));
  return encodedSet(images, {
    path,
    labels: labelsByFolder(names),
    // e88c4d6: `list(set(namelist()))`.
    warnings: tool?.startsWith("clean-fid")
      ? [
          `${tool} reads a zip in an order that no two of its runs share: what it draws at random differs each time`,
        ]
      : [],
    close: () => zip.close(),
  });
}

function contentOf(zip: ZipArchive, member: ZipMember, path: string): Promise<Uint8Array> {
  if (member.bytes > MAX_BYTES)
    throw new FormatError(path, member.name, `${member.bytes} bytes, at most ${MAX_BYTES} are read`);
  return collect(zip.content(member), member.bytes);
}
