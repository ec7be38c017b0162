import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";

/**
 * Makes a file whole or not at all: `write` fills a temporary file beside it, which is synced and then
 * renamed. (write-file-atomic does the same for content that is in memory and under 2 GiB.)
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx");
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Fills `into` from `position` on; fewer bytes than that only where the file ends. */
export async function readAt(file: FileHandle, position: number, into: Uint8Array): Promise<number> {
  // One read of the system gives at most 2³¹ − 4096 bytes.
  const largest = 2 ** 30;
  let done = 0;
  while (done < into.length) {
    const length = Math.min(largest, into.length - done);
    const { bytesRead } = await file.read(into, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
