import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { centreSquare } from "../../../../harness/formats/image.ts";
import { writeAdmSamples } from "../../../../harness/formats/npz.ts";
import type { Dataset } from "../../../../harness/plugin.ts";
import npz from "../../../../plugins/datasets/npz/index.ts";
import { datasetConforms } from "../../../conformance/dataset.ts";

let base: string;

/** Image number `value`, unlike every other. */
const image = (value: number, height = 8, width = 8) =>
  Uint8Array.from({ length: height * width * 3 }, (_, i) => value + i * ((value % 7) + 1));

/** Images 0 … n−1, labelled by their number modulo `classes`. */
async function write(name: string, n: number, classes: number, height = 8, width = 8): Promise<void> {
  const images = Buffer.concat(Array.from({ length: n }, (_, i) => image(i, height, width)));
  const labels = classes > 0 ? Int32Array.from({ length: n }, (_, i) => i % classes) : null;
  await writeAdmSamples(join(base, name), images, [n, height, width, 3], labels);
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "npz-"));
  await write("labelled.npz", 80, 4);
  await write("plain.npz", 80, 0);
  await write("wide.npz", 80, 4, 10, 16);
});
afterAll(() => rm(base, { recursive: true }));

const EVEN = { train: 0.4, reference: 0.3, heldOut: 0.3 };

function open(options: Record<string, unknown> = {}): Promise<Dataset> {
  return npz.open(npz.schema.parse({ file: "labelled.npz", split: EVEN, ...options }), {
    seed: 0,
    cacheFolder: join(base, "cache"),
    baseFolder: base,
    threads: 2,
  });
}

async function failure(options: Record<string, unknown>): Promise<string> {
  const error = await open(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

const parts = ({ train, reference, heldOut }: Dataset) => [train, reference, heldOut];

describe("npz", () => {
  datasetConforms(open, {
    "another resolution": () => open({ resolution: 9 }),
    "another split": () => open({ split: { train: 0.6, reference: 0.2, heldOut: 0.2 } }),
    "the labels left aside": () => open({ unconditional: true }),
    "other images": async () => {
      await write("more.npz", 81, 4);
      return open({ file: "more.npz" });
    },
  });

  it("keeps each image with its label", async () => {
    const dataset = await open();
    expect(dataset.classes).toEqual(["0", "1", "2", "3"]);
    expect(dataset.warnings).toEqual([]);
    const found: number[] = [];
    for (const part of parts(dataset))
      for (let i = 0; i < part.length; i++) {
        const value = (await part.images([i]))[0]!;
        expect(await part.images([i])).toEqual(image(value));
        expect(part.label(i)).toBe(value % 4);
        found.push(value);
      }
    expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, i) => i));
  });

  it("has no classes where there are no labels", async () => {
    const dataset = await open({ file: "plain.npz" });
    expect([dataset.classes, dataset.train.label(0)]).toEqual([[], -1]);
  });

  it("scales the centre square to the resolution asked", async () => {
    const dataset = await open({ file: "wide.npz", resolution: 8 });
    const wanted = new Map<string, number>();
    for (let i = 0; i < 80; i++)
      wanted.set(
        (await centreSquare({ width: 16, height: 10, data: image(i, 10, 16) }, 8)).data.join(),
        i % 4,
      );
    for (let i = 0; i < dataset.train.length; i++)
      expect(wanted.get((await dataset.train.images([i])).join())).toBe(dataset.train.label(i));
  });

  it("warns of small classes", async () => {
    await write("small.npz", 80, 5);
    const { warnings } = await open({ file: "small.npz" });
    expect(warnings).toEqual([
      expect.stringMatching(/^Classes with fewer than 20 images: 0 \(16\), 1 \(16\), /),
    ]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["that is missing", async () => {}, /the data set cannot be read: ENOENT/],
    ["that is a folder", () => mkdir(join(base, "bad.npz")), /the data set cannot be read: /],
    [
      "of text",
      () => writeFile(join(base, "bad.npz"), "no archive, only text"),
      /cannot be read: .*bad\.npz/,
    ],
    ["of images that are not square", () => write("bad.npz", 20, 2, 8, 9), /are 9×8, not square/],
    ["of one image", () => write("bad.npz", 1, 1), /has 1 image, and none falls to the part/],
    ["with a label beyond all bounds", () => writeLabel(2 ** 31 - 1), /has a label 2147483647/],
  ])("refuses a file %s", async (_, make, message) => {
    await make();
    expect(await failure({ file: "bad.npz" })).toMatch(message);
    await rm(join(base, "bad.npz"), { recursive: true, force: true });
  });

  it.each([{}, { file: "" }, { file: "a.npz", resolution: 7.5 }, { file: "a.npz", crop: true }])(
    "refuses the options %o",
    (options) => {
      expect(npz.schema.safeParse(options).success).toBe(false);
    },
  );
});

const writeLabel = (label: number) =>
  writeAdmSamples(join(base, "bad.npz"), image(0), [1, 8, 8, 3], Int32Array.of(label));
