import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { newRunFolder } from "../../../harness/cli/run-folder.ts";
import { UserError } from "../../../harness/errors.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const NOW = new Date("2026-05-01T12:34:56.789Z");

it("is exactly the folder named", () => {
  const output = join(temporaryFolder(), "a/b");
  expect(newRunFolder(output, "shapes", NOW)).toBe(output);
});

it("is named by time and config otherwise", () => {
  expect(newRunFolder(undefined, "shapes", NOW)).toBe(
    resolve(".epg-bench/runs/2026-05-01T12-34-56-789Z-shapes"),
  );
});

it("may hold other files, but no run", () => {
  const output = temporaryFolder();
  writeFileSync(join(output, "notes.txt"), "");
  expect(newRunFolder(output, "shapes", NOW)).toBe(output);
  writeFileSync(join(output, "config.resolved.json"), "{}");
  expect(() => newRunFolder(output, "shapes", NOW)).toThrow(
    expect.objectContaining({ exitCode: 2, fix: expect.stringContaining(`--resume ${output}`) }),
  );
});

it("cannot be a file or lie in one", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  for (const output of [file, join(file, "below")]) {
    expect(() => newRunFolder(output, "shapes", NOW)).toThrow(UserError);
    expect(() => newRunFolder(output, "shapes", NOW)).toThrow("is a file");
  }
});

it.skipIf(process.getuid?.() === 0)("must be writable (root writes everywhere: skipped for root)", () => {
  const output = join(temporaryFolder(), "closed");
  mkdirSync(output);
  chmodSync(output, 0o500);
  expect(() => newRunFolder(join(output, "run"), "shapes", NOW)).toThrow("cannot be written");
});
