import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { removedOnExit } from "../formats/atomic.ts";

export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all it holds. */
  close(): Promise<void>;
}

/**
 * For features on their way: gigabytes that a Ctrl-C must not leave behind.
 * @throws UserError where the system's folder for such takes none
 */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "epg-bench-")).catch((error: Error) => {
    throw new UserError(
      `no folder can be made in ${tmpdir()}, where features are kept meanwhile: ${error.message}`,
      "have TMPDIR name a folder that exists and can be written to",
    );
  });
  const leave = removedOnExit(path);
  return {
    path,
    async close() {
      leave();
      await rm(path, { recursive: true, force: true });
    },
  };
}
