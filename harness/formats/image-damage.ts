/** Why a file is no image that can be decoded: told from its bytes, because decoders' own words are often empty. */
import { recognise } from "./recognise.ts";

/** @returns null where the bytes begin and end as an image does */
export function imageDamage(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return "the file is empty";
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = recognise(file);
  if (kind === "git-lfs-pointer") return "it is a Git LFS pointer, whose file was not fetched (git lfs pull)";
  if (kind === "png") return endsEarly(file, pngEnds(file));
  if (kind === "jpeg") return endsEarly(file, jpegEnds(file));
  if (kind === "webp") return endsEarly(file, file.readUInt32LE(4) + 8 <= file.length);
  return null;
}

const endsEarly = (file: Buffer, ends: boolean): string | null =>
  ends ? null : `the file ends early, after ${file.length} bytes`;

/** Chunks of length, type, data and CRC; the last is IEND (PNG 3, §5.3). */
function pngEnds(file: Buffer): boolean {
  for (let at = 8; at + 12 <= file.length; at += 12 + file.readUInt32BE(at))
    if (file.toString("latin1", at + 4, at + 8) === "IEND") return true;
  return false;
}

/** Segments behind markers, and coded data in which a marker's first byte is followed by zero (ITU-T T.81, B.1.1). */
function jpegEnds(file: Buffer): boolean {
  for (let at = 2; at + 1 < file.length; ) {
    if (file[at] !== 0xff) {
      at = file.indexOf(0xff, at);
      if (at < 0) return false;
      continue;
    }
    const marker = file[at + 1]!;
    if (marker === 0xd9) return true;
    const bare = marker <= 0x01 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd8);
    if (marker === 0xff) at += 1;
    else if (bare || at + 3 >= file.length) at += 2;
    else at += 2 + file.readUInt16BE(at + 2);
  }
  return false;
}
