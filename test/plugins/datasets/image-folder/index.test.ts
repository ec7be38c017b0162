import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { encodePng } from "../../../../harness/formats/image.ts";
import type { Dataset, ImageSource } from "../../../../harness/plugin.ts";
import imageFolder from "../../../../plugins/datasets/image-folder/index.ts";
import { datasetConforms } from "../../../conformance/dataset.ts";

let base: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "image-folder-"));
  for (const [i, name] of ["zebra", "ant", "bee"].entries())
    for (let k = 0; k < 20; k++) await writeImage(`animals/${name}/${k}.png`, 100 * i + k);
});
afterAll(() => rm(base, { recursive: true }));

/** Image number `value`: 12 × 10 pixels, unlike every other. */
async function writeImage(path: string, value: number): Promise<void> {
  const data = Uint8Array.from({ length: 12 * 10 * 3 }, (_, i) => value + i * ((value % 7) + 1));
  await mkdir(join(base, path, ".."), { recursive: true });
  await writeFile(join(base, path), await encodePng({ width: 12, height: 10, data }));
}

const EVEN = { train: 0.4, reference: 0.3, heldOut: 0.3 };

function open(options: Record<string, unknown> = {}): Promise<Dataset> {
  const all = { folder: "animals", resolution: 8, split: EVEN, ...options };
  return imageFolder.open(imageFolder.schema.parse(all), {
    seed: 0,
    cacheFolder: join(base, "cache"),
    baseFolder: base,
    threads: 2,
  });
}

async function failure(options: Record<string, unknown>): Promise<UserError> {
  const error = await open(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

const parts = ({ train, reference, heldOut }: Dataset) => [train, reference, heldOut];
const size = (dataset: Dataset) => parts(dataset).reduce((n, { length }) => n + length, 0);
const labels = (part: ImageSource) => Array.from({ length: part.length }, (_, i) => part.label(i));

/** Every image's pixels, as text, with its part's number. */
async function places(dataset: Dataset): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const [number, part] of parts(dataset).entries())
    for (let i = 0; i < part.length; i++) found.set((await part.images([i])).join(), number);
  return found;
}

describe("image-folder", () => {
  datasetConforms(open, {
    "another resolution": () => open({ resolution: 9 }),
    "another split": () => open({ split: { train: 0.6, reference: 0.2, heldOut: 0.2 } }),
    "the classes left aside": () => open({ unconditional: true }),
    "other images": async () => {
      await cp(join(base, "animals"), join(base, "more"), { recursive: true });
      await writeImage("more/ant/new.png", 999);
      return open({ folder: "more" });
    },
    "another class name": async () => {
      await cp(join(base, "animals"), join(base, "renamed"), { recursive: true });
      await rename(join(base, "renamed/bee"), join(base, "renamed/bumblebee"));
      return open({ folder: "renamed" });
    },
  });

  it("has the class folders as classes, sorted by name, and no warnings", async () => {
    const dataset = await open();
    expect(dataset.classes).toEqual(["ant", "bee", "zebra"]);
    expect(dataset.classesAreImageNet).toBe(false);
    expect(size(dataset)).toBe(60);
    expect(dataset.warnings).toEqual([]);
    for (const c of [0, 1, 2])
      expect(
        parts(dataset)
          .flatMap(labels)
          .filter((l) => l === c),
      ).toHaveLength(20);
  });

  it("depends on no file name and on no place", async () => {
    await cp(join(base, "animals"), join(base, "elsewhere"), { recursive: true });
    await rename(join(base, "elsewhere/ant/3.png"), join(base, "elsewhere/ant/zzz.PNG"));
    expect((await open({ folder: join(base, "elsewhere") })).identity).toBe((await open()).identity);
  });

  it("keeps every image in its part when others are added", async () => {
    await cp(join(base, "animals"), join(base, "grown"), { recursive: true });
    for (let k = 0; k < 30; k++) await writeImage(`grown/cat/${k}.png`, 300 + k);
    const before = await places(await open());
    const after = await places(await open({ folder: "grown" }));
    for (const [image, part] of before) expect(after.get(image)).toBe(part);
  });

  it("keeps copies of a file in one part, with their own labels", async () => {
    await cp(join(base, "animals"), join(base, "copies"), { recursive: true });
    for (let k = 0; k < 20; k++)
      await cp(join(base, `animals/ant/${k}.png`), join(base, `copies/bee/copy${k}.png`));
    const dataset = await open({ folder: "copies" });
    expect(size(dataset)).toBe(80);
    const owners = await places(dataset);
    expect(owners.size).toBe(60);
    for (const [number, part] of parts(dataset).entries())
      for (let i = 0; i < part.length; i++) expect(owners.get((await part.images([i])).join())).toBe(number);
  });

  it("reads a flat folder without classes", async () => {
    for (let k = 0; k < 25; k++) await writeImage(`flat/${k}.png`, k);
    const dataset = await open({ folder: "flat" });
    expect(dataset.classes).toEqual([]);
    expect(new Set(labels(dataset.train))).toEqual(new Set([-1]));
    expect(dataset.warnings).toEqual([]);
  });

  it("takes images beside and below class folders only when the classes are left aside", async () => {
    for (let k = 0; k < 25; k++) await writeImage(`mixed/a/b/${k}.png`, k);
    for (let k = 0; k < 2; k++) await writeImage(`mixed/${k}.png`, 50 + k);
    const conditional = await open({ folder: "mixed" });
    expect([size(conditional), conditional.classes]).toEqual([25, ["a"]]);
    expect(conditional.warnings).toEqual([
      expect.stringMatching(/^Left out: 2 images beside the class folders of .*mixed/),
    ]);
    const unconditional = await open({ folder: "mixed", unconditional: true });
    expect([size(unconditional), unconditional.classes]).toEqual([27, []]);
  });

  it("warns of small classes", async () => {
    await cp(join(base, "animals"), join(base, "small"), { recursive: true });
    for (let k = 0; k < 19; k++) await writeImage(`small/yak/${k}.png`, 300 + k);
    expect((await open({ folder: "small" })).warnings).toEqual([
      "Classes with fewer than 20 images: yak (19). Too few to learn from; --unconditional leaves the classes aside.",
    ]);
    expect((await open({ folder: "small", unconditional: true })).warnings).toEqual([]);
  });

  it("knows ImageNet's classes by their numbers", async () => {
    await cp(join(base, "animals/ant"), join(base, "imagenet/n02219486"), { recursive: true });
    await cp(join(base, "animals/bee"), join(base, "imagenet/n02206856"), { recursive: true });
    expect((await open({ folder: "imagenet" })).classesAreImageNet).toBe(true);
  });

  it("follows links once, through loops, and leaves hidden and foreign files out", async () => {
    await cp(join(base, "animals"), join(base, "linked"), { recursive: true });
    await symlink(join(base, "linked"), join(base, "linked/ant/loop"));
    await symlink("ant", join(base, "linked/ant-again"));
    await writeFile(join(base, "linked/ant/.hidden.png"), "");
    await writeFile(join(base, "linked/ant/notes.txt"), "");
    await writeFile(join(base, "linked/ant/LICENSE"), "");
    await writeFile(join(base, "linked/bee/more.txt"), "");
    const dataset = await open({ folder: "linked" });
    expect(dataset.identity).toBe((await open()).identity);
    expect(dataset.warnings).toEqual([
      "Left out: 3 files not named .jpg, .jpeg, .png or .webp (1 × no extension, 2 × .txt).",
    ]);
  });

  describe("with unreadable images", () => {
    beforeAll(async () => {
      await cp(join(base, "animals"), join(base, "broken"), { recursive: true });
      await writeFile(join(base, "broken/bee/text.jpg"), "no image");
      await symlink("nothing", join(base, "broken/zebra/dangling.webp"));
    });

    it("names the first and its reason, also from the cache", async () => {
      for (let time = 0; time < 2; time++) {
        const { message, fix } = await failure({ folder: "broken" });
        expect(message).toMatch(
          /^the image bee\/text\.jpg cannot be read: .*unsupported image format.*\(and 1 more\)/,
        );
        expect(fix).toMatch(/--skip-unreadable/);
      }
    });

    it("counts and lists them where they are to be skipped", async () => {
      const dataset = await open({ folder: "broken", skipUnreadable: true });
      expect(size(dataset)).toBe(60);
      expect(dataset.warnings).toEqual([
        expect.stringMatching(
          /^Left out: 2 unreadable images: bee\/text\.jpg \(.*\), zebra\/dangling\.webp \(ENOENT/,
        ),
      ]);
      expect(dataset.identity).toBe((await open()).identity);
    });
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["missing", async () => {}, /no-folder does not exist/],
    ["a file", () => writeFile(join(base, "no-folder"), ""), /no-folder is not a folder/],
    ["empty", () => mkdir(join(base, "no-folder")), /no-folder holds no \.jpg/],
    [
      "of one image",
      () => writeImage("no-folder/a/1.png", 1),
      /no-folder has 1 image, and none falls to the part/,
    ],
  ])("refuses a folder that is %s", async (_, make, message) => {
    await make();
    expect((await failure({ folder: "no-folder" })).message).toMatch(message);
    await rm(join(base, "no-folder"), { recursive: true, force: true });
  });

  it.each([
    { folder: "" },
    { folder: "animals", resolution: 0 },
    { folder: "animals", split: { train: 1, reference: 0, heldOut: 0 } },
    { folder: "animals", crop: "none" },
  ])("refuses the options %o", (options) => {
    expect(imageFolder.schema.safeParse(options).success).toBe(false);
  });
});
