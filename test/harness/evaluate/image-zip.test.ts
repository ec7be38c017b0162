import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { isImages, openImageSet } from "../../../harness/evaluate/image-set.ts";
import { writeAdmSamples } from "../../../harness/formats/npz.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { zipFile } from "../formats/zip-writer.ts";
import { batchesOf, plainPng } from "./plain-png.ts";

function written(members: Readonly<Record<string, Uint8Array>>): string {
  const path = join(temporaryFolder(), "x.zip");
  writeFileSync(path, zipFile(members));
  return path;
}

describe("a zip of images", () => {
  it("gives them by code points of their names, with the classes of their folders", async () => {
    const path = written({
      "dog/1.png": await plainPng(1),
      "cat/2.png": await plainPng(2),
      "__MACOSX/._1.png": Buffer.from("x"),
      "dataset.json": Buffer.from("{}"),
    });
    expect(await isImages(path)).toBe(true);
    const set = await openImageSet(path);
    expect(set).toMatchObject({
      length: 2,
      names: ["cat/2.png", "dog/1.png"],
      labels: Int32Array.of(0, 1),
      warnings: [],
    });
    expect(await batchesOf(set, 4)).toEqual(["2x2: 2, 2x2: 1"]);
    await set.close();
  });

  it("is told to come in no order from clean-fid", async () => {
    const path = written({ "1.png": await plainPng(1) });
    for (const [tool, warnings] of [
      ["clean-fid", 1],
      ["edm", 0],
    ] as const) {
      const set = await openImageSet(path, tool);
      expect(set.warnings).toHaveLength(warnings);
      await set.close();
    }
  });

  it("is told from an npz by what it holds", async () => {
    const path = join(temporaryFolder(), "x.zip");
    await writeAdmSamples(path, new Uint8Array(12), [1, 2, 2, 3]);
    expect(await isImages(path)).toBe(false);
    const set = await openImageSet(path);
    expect(set.headers).toBeNull();
    await set.close();
  });

  it("is refused where it holds none, or one that is damaged", async () => {
    await expect(openImageSet(written({ "a.txt": Buffer.from("x") }))).rejects.toThrow(
      /neither PNG, JPEG or WebP/,
    );
    const set = await openImageSet(written({ "a/b.png": (await plainPng(1)).subarray(0, 60) }));
    const failure = await batchesOf(set, 1).catch((error) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect(failure.message).toMatch(/x\.zip\/a\/b\.png: the file ends early, after 60 bytes/);
    await set.close();
  });
});
