import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { onExit } from "signal-exit";

/**
 * Removes a file or folder that is on its way when the process ends, by a signal too; where somebody else listens
 * for the signal and lets work go on to a safe point, not before that.
 * @returns what leaves it alone again
 */
export const removedOnExit = (path: string): (() => void) =>
  onExit(() => rmSync(path, { recursive: true, force: true }));

/**
 * Makes a file whole or not at all: `write` fills a temporary file beside it, which is synced and then
 * renamed, and which a signal does not leave behind. (write-file-atomic does the same for content that is in
 * memory and under 2 GiB.)
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const leave = removedOnExit(temporary);
  try {
    const file = await open(temporary, "wx");
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
  } finally {
    leave();
  }
}

/** Puts `bytes` at `position`: one write of the system may take fewer. */
export async function writeAt(file: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
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
