/** Runs command lines in this process and keeps what they print. */
import { afterEach, beforeEach, vi } from "vitest";
import { main } from "../../../harness/cli/main.ts";

export const printed = { stdout: "", stderr: "" };

/** To be called at the top of a test file: every test begins with nothing printed. */
export function watchOutput(): void {
  beforeEach(() => {
    for (const stream of ["stdout", "stderr"] as const) {
      printed[stream] = "";
      vi.spyOn(process[stream], "write").mockImplementation((text) => {
        printed[stream] += String(text);
        return true;
      });
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = 0;
  });
}

/** Runs one command line; its exit code. */
export async function exit(...argv: string[]): Promise<number> {
  process.exitCode = 0;
  await main(argv);
  return process.exitCode as number;
}
