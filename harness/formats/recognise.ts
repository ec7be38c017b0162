/** What a file is, by the bytes it begins with. */

/** What the readers here open, and what people take for it. */
export type FileKind =
  | "npy"
  | "zip"
  | "pickle"
  | "safetensors"
  | "json"
  | "tar"
  | "gzip"
  | "png"
  | "jpeg"
  | "webp"
  | "git-lfs-pointer";

/** As many bytes of a file's beginning as tell its kind. */
export const RECOGNISED_FROM = 512;

const MAGICS: readonly (readonly [FileKind, number, string])[] = [
  ["npy", 0, "\x93NUMPY"],
  ["zip", 0, "PK\x03\x04"],
  ["zip", 0, "PK\x05\x06"],
  ["png", 0, "\x89PNG\r\n\x1a\n"],
  ["jpeg", 0, "\xff\xd8\xff"],
  ["webp", 8, "WEBP"],
  ["tar", 257, "ustar"],
  ["gzip", 0, "\x1f\x8b"],
  ["git-lfs-pointer", 0, "version https://git-lfs"],
];

/** @returns null where nothing fits */
export function recognise(start: Uint8Array): FileKind | null {
  const text = Buffer.from(start.buffer, start.byteOffset, start.byteLength).toString("latin1");
  const found = MAGICS.find(([, at, magic]) => text.startsWith(magic, at));
  if (found) return found[0];
  // Safetensors begin with a length: below 2⁴⁸ in any sound file, whatever else its bytes look like.
  if (text.startsWith("\0\0{", 6)) return "safetensors";
  if (start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5) return "pickle";
  if (/^\s*\{/.test(text) && !text.startsWith("\0", 7)) return "json";
  return text[8] === "{" ? "safetensors" : null;
}
