import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { temporaryFolder } from "../../../harness/evaluate/temporary-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

it("is there until it is closed", async () => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder.path, "features"), "x");
  await folder.close();
  expect(existsSync(folder.path)).toBe(false);
});

it.skipIf(process.platform === "win32")("is told with TMPDIR where it cannot be made", async () => {
  vi.stubEnv("TMPDIR", "/nonexistent");
  const failure = await temporaryFolder().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UserError);
  expect(failure).toMatchObject({
    message: expect.stringContaining("/nonexistent"),
    fix: expect.stringContaining("TMPDIR"),
  });
});
