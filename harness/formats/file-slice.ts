import type { FileHandle } from "node:fs/promises";
import { readAt } from "./atomic.ts";
import { FormatError } from "./format-error.ts";

const PIECE_BYTES = 2 ** 20;

/** Bytes `start` … `end` − 1 of a file, at once. */
export async function wholeSlice(
  file: FileHandle,
  path: string,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const all = new Uint8Array(end - start);
  if ((await readAt(file, start, all)) !== all.length)
    throw new FormatError(path, `byte ${start}`, "the file became shorter while it was read");
  return all;
}

/** Bytes `start` … `end` − 1 of a file, in pieces. */
export async function* fileSlice(
  file: FileHandle,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
    if ((await readAt(file, at, piece)) !== piece.length)
      throw new FormatError(path, `byte ${at}`, "the file became shorter while it was read");
    yield piece;
  }
}
