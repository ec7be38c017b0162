import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openImageSet } from "../../../harness/evaluate/image-set.ts";
import { encodePng } from "../../../harness/formats/image.ts";
import { writeAdmSamples } from "../../../harness/formats/npz.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

const image = (width: number, height: number, value: number) => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).fill(value),
});

async function photos(files: Readonly<Record<string, ReturnType<typeof image>>>): Promise<string> {
  const root = await mkdtemp(join(folder, "photos-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, ".."), { recursive: true });
    await writeFile(join(root, name), await encodePng(content));
  }
  return root;
}

/** Every batch: the size and first number of each of its images. */
async function batches(path: string, size: number): Promise<string[]> {
  const set = await openImageSet(path);
  const found: string[] = [];
  for await (const images of set.batches(size))
    found.push(images.map(({ width, height, data }) => `${width}x${height}: ${data[0]}`).join(", "));
  await set.close();
  return found;
}

describe("a folder", () => {
  it("gives all images in order, whatever their sizes", async () => {
    const root = await photos({
      "a.png": image(4, 2, 1),
      "b.png": image(4, 2, 2),
      "c.png": image(4, 2, 3),
      "d.png": image(2, 2, 4),
      "e.png": image(4, 2, 5),
    });
    expect(await batches(root, 2)).toEqual(["4x2: 1, 4x2: 2", "4x2: 3, 2x2: 4", "4x2: 5"]);
  });

  it("has the labels of its class folders, and none without them", async () => {
    const labelled = await openImageSet(
      await photos({ "dog/1.png": image(1, 1, 0), "cat/1.png": image(1, 1, 0), "cat/2.png": image(1, 1, 0) }),
    );
    expect([labelled.names, labelled.labels]).toEqual([
      ["cat/1.png", "cat/2.png", "dog/1.png"],
      Int32Array.of(0, 0, 1),
    ]);
    for (const files of [
      { "1.png": image(1, 1, 0) },
      { "dog/1.png": image(1, 1, 0), "2.png": image(1, 1, 0) },
    ])
      expect((await openImageSet(await photos(files))).labels).toBeNull();
  });

  it("names a file that is no image", async () => {
    const root = await photos({ "a.png": image(1, 1, 0) });
    await writeFile(join(root, "b.png"), "not a picture");
    await expect(batches(root, 8)).rejects.toThrow(/b\.png: /);
  });
});

describe("an npz of samples", () => {
  it("gives all images, with its labels", async () => {
    const path = join(folder, "samples.npz");
    await writeAdmSamples(
      path,
      Uint8Array.from({ length: 3 * 12 }, (_, i) => i),
      [3, 2, 2, 3],
      Int32Array.of(7, 1, 7),
    );
    const set = await openImageSet(path);
    expect([set.length, set.labels, set.names]).toEqual([3, Int32Array.of(7, 1, 7), ["0:7", "1:1", "2:7"]]);
    await set.close();
    expect(await batches(path, 2)).toEqual(["2x2: 0, 2x2: 12", "2x2: 24"]);
  });

  it("is refused, with the file and the reason, where it is none", async () => {
    const path = join(folder, "text.npz");
    await writeFile(path, "text");
    await expect(openImageSet(path)).rejects.toThrow(/text\.npz/);
  });
});

it("tells what a file is that holds no images", async () => {
  const path = join(folder, "file");
  const cases: [Uint8Array | string, RegExp][] = [
    ["text", /file is no set of images: what it begins with is not known/],
    [gzipSync("tar"), /its content is gzip/],
    [await encodePng(image(1, 1, 0)), /its content is png/],
  ];
  for (const [content, problem] of cases) {
    await writeFile(path, content);
    await expect(openImageSet(path)).rejects.toThrow(problem);
  }
});

it("names a path that leads nowhere", async () => {
  await expect(openImageSet(join(folder, "nowhere"))).rejects.toThrow(/there is no .*nowhere/);
});
