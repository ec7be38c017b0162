import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { EntryError, UserError } from "../../../harness/errors.ts";
import { encodePng } from "../../../harness/formats/image.ts";
import { writeAdmSamples } from "../../../harness/formats/npz.ts";
import type { Dataset } from "../../../harness/plugin.ts";
import { openMadeImages, requireImages } from "../../../harness/run/made-images.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const SIDE = 8;
const task = { resolution: SIDE, classes: 3 };
const dataset = { classes: ["ant", "bee", "cat"] } as unknown as Dataset;

const bytes = (value: number, side = SIDE): Uint8Array => new Uint8Array(side * side * 3).fill(value);

/** PNGs, each of one grey. */
async function folderOf(files: Readonly<Record<string, number>>, side = SIDE): Promise<string> {
  const folder = temporaryFolder();
  for (const [name, value] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(
      join(folder, name),
      await encodePng({ width: side, height: side, data: bytes(value, side) }),
    );
  }
  return folder;
}

async function npzOf(
  values: readonly number[],
  labels: readonly number[] | null,
  side = SIDE,
): Promise<string> {
  const path = join(temporaryFolder(), "samples.npz");
  const images = Buffer.concat(values.map((value) => bytes(value, side)));
  await writeAdmSamples(path, images, [values.length, side, side, 3], labels && Int32Array.from(labels));
  return path;
}

async function read(path: string, n: number, of = task) {
  const made = await openMadeImages(path, n, of, dataset);
  const greys: number[] = [];
  for await (const image of made.images()) greys.push(image[0]!);
  await made.close();
  return { greys, labels: [...made.labels], description: made.description };
}

it("takes n at equal steps where there are more, and says so", async () => {
  const path = await npzOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
  expect(await read(path, 4)).toEqual({
    greys: [0, 2, 5, 7],
    labels: [0, 0, 1, 2],
    description: { images: path, taken: "4 of 10, at equal steps", labels: "its own" },
  });
  expect((await read(path, 10)).description.taken).toBe("all 10");
});

it("reads classes from folders, by the data set's names in whatever order", async () => {
  const byName = await folderOf({ "cat/0.png": 9, "bee/0.png": 5, "bee/1.png": 6 });
  expect(await read(byName, 3)).toMatchObject({ greys: [5, 6, 9], labels: [1, 1, 2] });
  const byNumber = await folderOf({ "00/0.png": 1, "01/0.png": 2, "02/0.png": 3 });
  expect(await read(byNumber, 3)).toMatchObject({ labels: [0, 1, 2] });
});

it("has no labels where the set or the task has none", async () => {
  const flat = await folderOf({ "0.png": 1, "1.png": 2 });
  expect(await read(flat, 2)).toMatchObject({ labels: [-1, -1], description: { labels: "none" } });
  const labelled = await npzOf([1, 2], [0, 1]);
  expect(await read(labelled, 2, { ...task, classes: 0 })).toMatchObject({
    labels: [-1, -1],
    description: { labels: "none: unconditional" },
  });
});

const refusal = async (path: string, samples: number): Promise<unknown> =>
  requireImages(path, { samples } as never, task, dataset).catch((error: unknown) => error);

it("refuses what does not fit before anything runs", async () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    [await npzOf([1, 2], null), 3, /holds 2 images, fewer than the 3 that are scored/],
    [await npzOf([1, 2], [0, 3]), 2, /has the label 3, the data set 3 classes/],
    [
      await folderOf({ "x/0.png": 1, "y/0.png": 2 }),
      2,
      /has 2 folders of classes \(x, y, …\), the data set 3/,
    ],
    [await npzOf([1, 2], null, 16), 2, /image 0 .* is 16×16, the data set 8×8; images are never resized/],
    [temporaryFolder(), 2, /holds no PNG, JPEG or WebP image/],
  ];
  for (const [path, n, reason] of cases) {
    const error = await refusal(path, n);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(reason);
  }
});

it("ends the entry alone where a later image has another size", async () => {
  const folder = await folderOf({ "0.png": 1 });
  const data = bytes(0, 4);
  writeFileSync(join(folder, "1.png"), await encodePng({ width: 4, height: 4, data }));
  await expect(read(folder, 2)).rejects.toThrow(EntryError);
  await expect(read(folder, 2)).rejects.toThrow(/image 1 \(1\.png\) is 4×4, the data set 8×8/);
});
