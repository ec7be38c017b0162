import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { openTar, readTarMember } from "../../../harness/formats/tar.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { damaged, damages } from "./arbitrary.ts";
import { TAR_END, tarMember } from "./tar-writer.ts";

async function readAll(bytes: Uint8Array): Promise<[string, string][]> {
  const path = join(temporaryFolder(), "x.tar");
  writeFileSync(path, bytes);
  const tar = await openTar(path);
  try {
    const found: [string, string][] = [];
    for (const one of tar.members) found.push([one.name, Buffer.from(await tar.read(one)).toString()]);
    for (const [i, one] of tar.members.entries())
      expect(Buffer.from(await readTarMember(path, one)).toString()).toBe(found[i]![1]);
    return found;
  } finally {
    await tar.close();
  }
}

const a = tarMember("a.txt", Buffer.from("one"));

describe("tar", () => {
  it("gives its files in order, and leaves folders and links out", async () => {
    const parts = [
      a,
      tarMember("folder/", Buffer.alloc(0), "5"),
      tarMember("b.txt", Buffer.alloc(600, "b")),
      TAR_END,
    ];
    expect(await readAll(Buffer.concat(parts))).toEqual([
      ["a.txt", "one"],
      ["b.txt", "b".repeat(600)],
    ]);
  });

  it("takes names from pax and GNU headers, and sizes from pax", async () => {
    const pax = tarMember("pax", Buffer.from("19 path=long/ñame\n10 size=5\n"), "x");
    const gnu = tarMember("././@LongLink", Buffer.from("other/name\0"), "L");
    const lying = tarMember("short", Buffer.from("12345"));
    expect(await readAll(Buffer.concat([pax, lying, gnu, a, TAR_END]))).toEqual([
      ["long/ñame", "12345"],
      ["other/name", "one"],
    ]);
  });

  it.each(["ustar", "pax", "gnu"])("reads what tar writes (%s)", async (format) => {
    const folder = temporaryFolder();
    const long = `${"d".repeat(90)}/${"e".repeat(60)}.txt`;
    mkdirSync(join(folder, dirname(long)));
    writeFileSync(join(folder, long), "deep");
    writeFileSync(join(folder, "x"), "y");
    const { status } = spawnSync("tar", [`--format=${format}`, "-cf", "t.tar", "x", long], { cwd: folder });
    expect(status).toBe(0);
    expect(await readAll(readFileSync(join(folder, "t.tar")))).toEqual([
      ["x", "y"],
      [long, "deep"],
    ]);
  });

  it.each<[string, Buffer, string]>([
    ["no header", Buffer.alloc(512, "x"), "checksum does not fit"],
    ["half a header", a.subarray(0, 100), "in the middle of a header"],
    [
      "half a member",
      Buffer.concat([a, tarMember("b", Buffer.alloc(900))]).subarray(0, 1700),
      "900 bytes are announced",
    ],
    ["a pax record that does not fit", tarMember("p", Buffer.from("99 path=a\n"), "x"), "records do not fit"],
    ["a name without end", tarMember("././@LongLink", Buffer.alloc(5000, "n"), "L"), "more than 4096 bytes"],
    [
      "a header without end",
      tarMember("pax", Buffer.alloc(2 ** 20 + 1, "n"), "x"),
      "a name or header of 1048577",
    ],
    [
      "a member larger than the archive, by pax",
      Buffer.concat([tarMember("p", Buffer.from("22 size=9000000000000\n"), "x"), a]),
      "9000000000000 bytes are announced",
    ],
    ["a size that is none", tarMember("p", Buffer.from("10 size=x\n"), "x"), "size is no number"],
  ])("refuses %s", async (_, bytes, problem) => {
    await expect(readAll(bytes)).rejects.toThrow(FormatError);
    await expect(readAll(bytes)).rejects.toThrow(problem);
  });

  it("a damaged archive is refused or read, and nothing else happens", async () => {
    const bytes = Buffer.concat([tarMember("pax", Buffer.from("10 size=3\n"), "x"), a, TAR_END]);
    await fc.assert(
      fc.asyncProperty(damages, async (changes) => {
        await readAll(damaged(bytes, bytes.length, changes)).catch((error) =>
          expect(error).toBeInstanceOf(FormatError),
        );
      }),
      { numRuns: 300 },
    );
  });
});
