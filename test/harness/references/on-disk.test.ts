import { mkdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { onDisk } from "../../../harness/references/on-disk.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const failure = (file: string, work: () => Promise<unknown>): Promise<unknown> =>
  onDisk(file, "write it elsewhere", work).then(
    () => null,
    (error: unknown) => error,
  );

it("tells of a disk that is full, with the fix", async () => {
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC", syscall: "write" });
  const found = await failure("f.bin", () => Promise.reject(full));
  expect(found).toBeInstanceOf(UserError);
  expect(found).toMatchObject({
    message: "f.bin cannot grow: the disk is full (ENOSPC)",
    fix: "write it elsewhere",
  });
});

it("tells of a folder in the file's place", async () => {
  const file = join(temporaryFolder(), "f");
  mkdirSync(file);
  expect(await failure(file, () => writeFile(file, "x"))).toMatchObject({
    message: expect.stringMatching(/f cannot be written: EISDIR/),
  });
});

it("leaves errors of other files, and bugs, what they are", async () => {
  const found = await failure("f.bin", () => readFile("/nowhere/image.png"));
  expect(found).toMatchObject({ code: "ENOENT" });
  expect(found).not.toBeInstanceOf(UserError);
  const bug = new TypeError("x is undefined");
  expect(await failure("f.bin", () => Promise.reject(bug))).toBe(bug);
});
