import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow } from "../../../harness/evaluate/files-below.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

function folderOf(...files: readonly string[]): string {
  const folder = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), "");
  }
  return folder;
}

describe("filesBelow", () => {
  it("finds files at any depth", async () => {
    const names = ["b.png", "a/2.JPG", "a/c/.x", "notes.txt"];
    expect((await filesBelow(folderOf(...names))).sort()).toEqual(names.sort());
  });

  it("counts links to images, as subsets are often made of them", async () => {
    const folder = folderOf("a.png");
    symlinkSync(join(folder, "a.png"), join(folder, "b.png"));
    expect((await filesBelow(folder)).sort()).toEqual(["a.png", "b.png"]);
  });

  it("refuses links to folders, rather than leaving out what they hold", async () => {
    const [folder, other] = [folderOf("a.png"), folderOf("b.png")];
    symlinkSync(other, join(folder, "more"));
    await expect(filesBelow(folder)).rejects.toThrow(/more is a link to a folder/);
  });
});
