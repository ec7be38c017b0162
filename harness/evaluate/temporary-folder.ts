import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all it holds. */
  close(): Promise<void>;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** For features on their way: gigabytes that a Ctrl-C must not leave behind. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "epg-bench-"));
  const handle = (signal: NodeJS.Signals): void => {
    rmSync(path, { recursive: true, force: true });
    release();
    // With no handler left the signal ends the process, as its sender expects.
    process.kill(process.pid, signal);
  };
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return {
    path,
    async close() {
      release();
      await rm(path, { recursive: true, force: true });
    },
  };
}
