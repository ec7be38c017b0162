import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join, posix, win32 } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Checkpoint,
  checkpointAt,
  checkpointHash,
  checkpointsOf,
  isSame,
  isWithin,
  listingHash,
} from "../../../harness/evaluate/checkpoints.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

describe("checkpoints", () => {
  it("are files and folders in natural order, without hidden, unfinished and empty ones", async () => {
    const folder = temporaryFolder();
    for (const name of ["step-10.pt", "step-9.pt", ".hidden", "step-11.pt.tmp", "step-11.pt.part"])
      writeFileSync(join(folder, name), "12345");
    for (const name of ["step-100", "empty"]) mkdirSync(join(folder, name, "sub"), { recursive: true });
    writeFileSync(join(folder, "step-100", "a"), "12");
    writeFileSync(join(folder, "step-100", "sub", "b"), "345");
    const found = await checkpointsOf(folder);
    expect(found.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["step-9.pt", 5],
      ["step-10.pt", 5],
      ["step-100", 5],
    ]);
    expect(await checkpointAt(folder, "gone")).toBeNull();
  });

  it("are the same while size and time are, and of equal hash while their content is", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "c"));
    const file = join(folder, "c", "weights");
    const at = async (): Promise<[Checkpoint, string]> => {
      const found = (await checkpointAt(folder, "c"))!;
      return [found, await checkpointHash(found)];
    };
    writeFileSync(file, "one");
    utimesSync(file, 1, 1);
    const [first, hash] = await at();
    utimesSync(file, 2, 2);
    const [touched, sameHash] = await at();
    expect([isSame(first, first), isSame(first, touched), sameHash === hash]).toEqual([true, false, true]);
    writeFileSync(file, "two");
    expect((await at())[1]).not.toBe(hash);
  });

  it("have a listing that changes with any file's name, size or time", async () => {
    const folder = temporaryFolder();
    const write = (name: string, text: string, time = 1) => {
      writeFileSync(join(folder, name), text);
      utimesSync(join(folder, name), time, time);
    };
    const listings: string[] = [];
    for (const change of [
      () => write("a", "1"),
      () => write("b", "1"),
      () => write("b", "12"),
      () => write("b", "12", 2),
    ]) {
      change();
      listings.push(await listingHash(folder));
    }
    expect(new Set(listings).size).toBe(4);
    expect(await listingHash(folder)).toBe(listings[3]);
    expect(await listingHash(join(folder, "a"))).not.toBe(await listingHash(join(folder, "b")));
  });
});

it.each([
  [posix, "/a/b", "/a/b", true],
  [posix, "/a/b/c", "/a/b", true],
  [posix, "/a/b/..c", "/a/b", true],
  [posix, "/a/b-scores", "/a/b", false],
  [posix, "/a", "/a/b", false],
  [win32, "C:\\a\\scores", "C:\\a", true],
  [win32, "C:\\b", "C:\\a", false],
  [win32, "D:\\scores", "C:\\a", false],
] as const)("isWithin %#: %s %s", (system, path, folder, within) => {
  expect(isWithin(path, folder, system)).toBe(within);
});
