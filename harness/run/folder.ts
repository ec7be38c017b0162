/** Where a run's results lie: its own folder, and the cache that runs share. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { UserError } from "../errors.ts";
import { claim, type Rival } from "./claim.ts";

/** Root of the cache, beside the project that is benchmarked; a resumed run keeps the one it began with. */
export const cacheFolder = (): string => resolve(".epg-bench", "cache");

/** Makes the folder and takes it for this process. @throws UserError where it cannot be written, or another process has it */
export async function claimFolder(folder: string) {
  await makeFolder(folder);
  return claim(folder, { onWait: refuse(folder), keepWaiting: () => {} });
}

export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
  } catch (cause) {
    throw new UserError(
      `--output: cannot write ${folder}: ${(cause as Error).message}`,
      "choose a folder that can be written",
    );
  }
}

/** Not by `recursive`, which never ends where a folder's parent exists but takes no folders (/proc). */
async function makeFolders(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeFolders(dirname(folder));
  await mkdir(folder);
}

const refuse =
  (folder: string) =>
  ({ pid, machine }: Rival): never => {
    throw new UserError(
      `${folder} is being run by another process (${pid} on ${machine})`,
      "wait for its end, or end it and go on with `epg-bench run --resume`",
    );
  };
