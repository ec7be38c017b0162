import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { newRunFolder } from "../../../harness/cli/run-folder.ts";
import { UserError } from "../../../harness/errors.ts";

const NOW = new Date("2026-05-01T12:34:56.789Z");
const folder = () => mkdtempSync(join(tmpdir(), "epg-bench-output-"));

it("is exactly the folder named", () => {
  const output = join(folder(), "a/b");
  expect(newRunFolder(output, "shapes", NOW)).toBe(output);
});

it("is named by time and config otherwise", () => {
  expect(newRunFolder(undefined, "shapes", NOW)).toBe(
    resolve(".epg-bench/runs/2026-05-01T12-34-56-789Z-shapes"),
  );
});

it("may hold other files, but no run", () => {
  const output = folder();
  writeFileSync(join(output, "notes.txt"), "");
  expect(newRunFolder(output, "shapes", NOW)).toBe(output);
  writeFileSync(join(output, "config.resolved.json"), "{}");
  expect(() => newRunFolder(output, "shapes", NOW)).toThrow(
    expect.objectContaining({ exitCode: 2, fix: expect.stringContaining(`--resume ${output}`) }),
  );
});

it("cannot be a file or lie in one", () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  for (const output of [file, join(file, "below")]) {
    expect(() => newRunFolder(output, "shapes", NOW)).toThrow(UserError);
    expect(() => newRunFolder(output, "shapes", NOW)).toThrow("is a file");
  }
});

it.skipIf(process.getuid?.() === 0)("must be writable (root writes everywhere: skipped for root)", () => {
  const output = join(folder(), "closed");
  mkdirSync(output);
  chmodSync(output, 0o500);
  expect(() => newRunFolder(join(output, "run"), "shapes", NOW)).toThrow("cannot be written");
});
