import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { imageFiles } from "../../../harness/evaluate/image-files.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function folderOf(...files: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  folders.push(folder);
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), "");
  }
  return folder;
}

describe("imageFiles", () => {
  it("finds images at any depth, by code points, and passes over all else", async () => {
    const folder = await folderOf(
      "b.png",
      "a/2.JPG",
      "a/10.jpeg",
      "Z.webp",
      "ä.png",
      "notes.txt",
      ".hidden.png",
    );
    expect(await imageFiles(folder)).toEqual(["Z.webp", "a/10.jpeg", "a/2.JPG", "b.png", "ä.png"]);
  });

  it("sorts letters beyond the basic plane after those within, as Python does", async () => {
    expect(await imageFiles(await folderOf("\u{1F600}.png", "\uFF5E.png"))).toEqual([
      "\uFF5E.png",
      "\u{1F600}.png",
    ]);
  });

  it("counts links to images, as subsets are often made of them", async () => {
    const folder = await folderOf("a.png");
    await symlink(join(folder, "a.png"), join(folder, "b.png"));
    expect(await imageFiles(folder)).toEqual(["a.png", "b.png"]);
  });

  it("refuses images it cannot read, rather than leaving them out", async () => {
    await expect(imageFiles(await folderOf("a.png", "sub/b.TIFF"))).rejects.toThrow(
      /sub\/b\.TIFF.*not \.tiff/,
    );
  });

  it("refuses a folder without images", async () => {
    await expect(imageFiles(await folderOf("notes.txt"))).rejects.toThrow(/holds no PNG, JPEG or WebP/);
  });

  it("refuses links to folders, rather than leaving out what they hold", async () => {
    const [folder, other] = [await folderOf("a.png"), await folderOf("b.png")];
    await symlink(other, join(folder, "more"));
    await expect(imageFiles(folder)).rejects.toThrow(/more is a link to a folder/);
  });
});
