import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { openImageSet } from "../../../harness/evaluate/image-set.ts";
import { shardNames } from "../../../harness/evaluate/shards.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { damaged, damages } from "../formats/arbitrary.ts";
import { TAR_END, tarMember } from "../formats/tar-writer.ts";
import { batchesOf, plainPng } from "./plain-png.ts";

/** Writes an archive of members in order; texts as they are, numbers as images of that grey. */
async function shard(
  path: string,
  members: readonly (readonly [string, string | number | Uint8Array])[],
): Promise<string> {
  const parts: Buffer[] = [];
  for (const [name, content] of members) {
    const bytes = typeof content === "number" ? await plainPng(content) : Buffer.from(content as string);
    parts.push(tarMember(name, bytes));
  }
  writeFileSync(path, Buffer.concat([...parts, TAR_END]));
  return path;
}

async function opened(path: string) {
  const set = await openImageSet(path);
  const { length, labels, names, warnings } = set;
  const images = await batchesOf(set, 2);
  await set.close();
  return { length, labels: labels && [...labels], names, warnings, images };
}

describe("shardNames", () => {
  it("counts through ranges, to the width of the first number", () => {
    expect(shardNames("x-{08..11}.tar")).toEqual(["x-08.tar", "x-09.tar", "x-10.tar", "x-11.tar"]);
    expect(shardNames("{1..2}/{0..1}")).toEqual(["1/0", "1/1", "2/0", "2/1"]);
    expect(shardNames("plain.tar")).toBeNull();
  });

  it.each(["{3..1}", "{0..999999999}", "{0..9999}{0..9999}"])("refuses %s", (pattern) => {
    expect(() => shardNames(pattern)).toThrow(UserError);
  });
});

describe("a tar of images", () => {
  it("gives them in its order, known by content and not by name", async () => {
    const path = await shard(join(temporaryFolder(), "images.bin"), [
      ["b.png", 1],
      ["a.png", 2],
      ["notes.txt", "x"],
      ["./c.PNG", 3],
    ]);
    expect(await opened(path)).toEqual({
      length: 3,
      labels: null,
      names: ["b.png", "a.png", "c.PNG"],
      warnings: [],
      images: ["2x2: 1, 2x2: 2", "2x2: 3"],
    });
  });

  it("has the classes beside its images, or those of its folders", async () => {
    const folder = temporaryFolder();
    const cases = [
      [
        [
          ["0.cls", "7\n"],
          ["0.png", 0],
          ["1.png", 1],
          ["1.json", '{"label": 3}'],
        ],
        [7, 3],
      ],
      [
        [
          ["0.png", 0],
          ["0.json", '{"label": 3}'],
          ["0.cls", "1"],
        ],
        [1],
      ],
      [
        [
          ["dog/0.png", 0],
          ["cat/0.png", 1],
        ],
        [1, 0],
      ],
      [
        [
          ["0.png", 0],
          ["0.json", '{"label": "cat"}'],
        ],
        null,
      ],
      [
        [
          ["0.png", 0],
          ["0.json", '{"caption": "cat"}'],
        ],
        null,
      ],
    ] as const;
    for (const [members, labels] of cases)
      expect((await opened(await shard(join(folder, "x.tar"), members))).labels).toEqual(labels);
  });

  it("has none where some images have one, and says so", async () => {
    const path = await shard(join(temporaryFolder(), "x.tar"), [
      ["0.png", 0],
      ["0.cls", "1"],
      ["1.png", 1],
    ]);
    const { labels, warnings } = await opened(path);
    expect(labels).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/1 of 2 images have no class/)]);
  });

  it("is read as tar writes it", async () => {
    const folder = temporaryFolder();
    const long = `${"d".repeat(120)}`;
    mkdirSync(join(folder, long));
    writeFileSync(join(folder, long, "1.png"), await plainPng(5));
    spawnSync("tar", ["-cf", "x.tar", "."], { cwd: folder });
    expect(await opened(join(folder, "x.tar"))).toMatchObject({
      names: [`${long}/1.png`],
      images: ["2x2: 5"],
    });
  });

  it.each<[string, readonly (readonly [string, string | number | Uint8Array])[], RegExp]>([
    ["no image", [["a.txt", "x"]], /holds no PNG, JPEG or WebP/],
    [
      "an image of a foreign format",
      [
        ["a.png", 0],
        ["b.gif", "GIF89a"],
      ],
      /b\.gif.*not \.gif/,
    ],
    [
      "two images of a sample",
      [
        ["a.png", 0],
        ["a.mask.png", 0],
      ],
      /a\.png and a\.mask\.png are images of one sample, a:/,
    ],
    [
      "a class that is none",
      [
        ["a.png", 0],
        ["a.cls", "-1"],
      ],
      /a\.cls: its class is a whole number from 0 on, not "-1"/,
    ],
    [
      "a fraction for a class",
      [
        ["a.png", 0],
        ["a.json", '{"label": 1.5}'],
      ],
      /a\.json.*not "1\.5"/,
    ],
    [
      "broken JSON",
      [
        ["a.png", 0],
        ["a.json", "{"],
      ],
      /a\.json: not JSON/,
    ],
    [
      "an endless class",
      [
        ["a.png", 0],
        ["a.cls", "1".repeat(100)],
      ],
      /100 bytes, at most 64/,
    ],
    ["a file that only says it is a PNG", [["a.png", "text"]], /a\.png: /],
  ])("of %s is refused", async (_, members, reason) => {
    const failure = await opened(await shard(join(temporaryFolder(), "x.tar"), members)).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(UserError);
    expect(failure.message).toMatch(reason);
  });

  it("that is cut or damaged is read or refused, and nothing else happens", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "x.tar");
    const parts = [
      tarMember("0.png", await plainPng(1)),
      tarMember("0.cls", Buffer.from("1")),
      tarMember("pax", Buffer.from("14 path=1.png\n"), "x"),
      tarMember("x", await plainPng(2)),
      tarMember("1.json", Buffer.from('{"label":1}')),
      TAR_END,
    ];
    const bytes = Buffer.concat(parts);
    await fc.assert(
      fc.asyncProperty(damages, fc.nat(bytes.length), async (changes, cut) => {
        writeFileSync(path, damaged(bytes, bytes.length - (cut % 3 === 0 ? cut : 0), changes));
        await opened(path).catch((error) => expect(error).toBeInstanceOf(UserError));
      }),
      { numRuns: 150 },
    );
  });
});

describe("several shards", () => {
  it("are one set in order, by a pattern or in a folder", async () => {
    const folder = temporaryFolder();
    for (const i of [0, 1, 2])
      await shard(join(folder, `s-${i}.tar`), [
        [`${i}a.png`, 10 * i],
        [`${i}a.cls`, `${i}`],
        [`${i}b.png`, 10 * i + 1],
        [`${i}b.cls`, "9"],
      ]);
    writeFileSync(join(folder, "sizes.json"), "{}");
    const all = {
      length: 6,
      labels: [0, 9, 1, 9, 2, 9],
      names: ["0a.png", "0b.png", "1a.png", "1b.png", "2a.png", "2b.png"],
      warnings: [],
      images: ["2x2: 0, 2x2: 1", "2x2: 10, 2x2: 11", "2x2: 20, 2x2: 21"],
    };
    expect(await opened(folder)).toEqual(all);
    expect(await opened(join(folder, "s-{0..2}.tar"))).toEqual(all);
    expect((await opened(join(folder, "s-{1..1}.tar"))).names).toEqual(["1a.png", "1b.png"]);
    await expect(opened(join(folder, "s-{1..3}.tar"))).rejects.toThrow(/there is no .*s-3\.tar/);
  });

  it("may be of any sizes and formats", async () => {
    const jpeg = await sharp({ create: { width: 5, height: 4, channels: 3, background: "#fff" } })
      .jpeg()
      .toBuffer();
    const path = await shard(join(temporaryFolder(), "x.tar"), [
      ["a.png", 3],
      ["b.jpg", jpeg],
    ]);
    expect((await opened(path)).images).toEqual(["2x2: 3, 5x4: 255"]);
  });
});
