import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { cachedPixels } from "../../../plugins/datasets/pixel-cache.ts";

let folder: string;
let fills: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pixel-cache-"));
  fills = 0;
});
afterEach(() => rm(folder, { recursive: true }));

/** Ten rows of five bytes, row r full of r; row 7 cannot be made. */
const entry = (changes: { folder?: string; key?: string } = {}) => ({
  folder,
  key: "key",
  rows: 10,
  rowBytes: 5,
  async fill(put: (row: number, pixels: Uint8Array) => Promise<void>) {
    fills++;
    for (const row of [3, 1, 9, 0, 2, 8, 4, 5, 6]) await put(row, new Uint8Array(5).fill(row));
    return new Map([[7, "no seven"]]);
  },
  ...changes,
});

const row = (value: number) => [value, value, value, value, value];

describe("cachedPixels", () => {
  it.each([
    ["in memory", 1000],
    ["on disk", 50],
  ])("makes rows once and reads them back %s", async (_, inMemory) => {
    for (let time = 0; time < 2; time++) {
      const { pixels, failures, warnings } = await cachedPixels(entry(), inMemory);
      expect([...(await pixels.rows([9, 0, 9, 7, 4]))]).toEqual([9, 0, 9, 0, 4].flatMap(row));
      expect([...failures]).toEqual([[7, "no seven"]]);
      expect(warnings).toEqual([]);
    }
    expect(fills).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["key.json", "key.u8"]);
  });

  it("keeps entries of other keys apart", async () => {
    await cachedPixels(entry());
    await cachedPixels(entry({ key: "other" }));
    expect(fills).toBe(2);
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    [
      "a flipped bit",
      () => flip(join(folder, "key.u8")),
      /key\.u8 does not match its checksum; it was made again/,
    ],
    [
      "a missing end",
      () => truncate(join(folder, "key.u8"), 49),
      /key\.u8 has 49 bytes instead of 50; it was made/,
    ],
    [
      "a checksum file of rubbish",
      () => writeFile(join(folder, "key.json"), "{"),
      /unreadable checksum file/,
    ],
  ])("makes the rows again after %s, and says so", async (_, damage, warning) => {
    for (const inMemory of [1000, 0]) {
      await cachedPixels(entry());
      await damage();
      fills = 0;
      const { pixels, warnings } = await cachedPixels(entry(), inMemory);
      expect(fills).toBe(1);
      expect(warnings).toEqual([expect.stringMatching(warning)]);
      expect([...(await pixels.rows([4]))]).toEqual(row(4));
      expect((await cachedPixels(entry())).warnings).toEqual([]);
    }
  });

  it("ignores a payload whose checksum was never written: the writer was killed", async () => {
    await writeFile(join(folder, "key.u8"), new Uint8Array(50));
    const { pixels, warnings } = await cachedPixels(entry());
    expect([...(await pixels.rows([4]))]).toEqual(row(4));
    expect(warnings).toEqual([]);
  });

  it("leaves nothing behind when the rows cannot be made", async () => {
    const failing = { ...entry(), fill: () => Promise.reject(new Error("stopped")) };
    await expect(cachedPixels(failing)).rejects.toThrow("stopped");
    expect(await readdir(folder)).toEqual([]);
  });

  it("can be made by two at once", async () => {
    const both = await Promise.all([cachedPixels(entry()), cachedPixels(entry())]);
    for (const { pixels } of both) expect([...(await pixels.rows([8]))]).toEqual(row(8));
    expect((await readdir(folder)).sort()).toEqual(["key.json", "key.u8"]);
  });

  it("names the folder where it cannot write", async () => {
    await writeFile(join(folder, "file"), "");
    const failure = await cachedPixels(entry({ folder: join(folder, "file", "below") })).catch(
      (e: unknown) => e,
    );
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toMatch(/the cache folder .*below cannot be used/);
  });

  it("holds plain bytes", async () => {
    await cachedPixels(entry());
    expect((await readFile(join(folder, "key.u8"))).subarray(15, 20)).toEqual(Buffer.from(row(3)));
  });
});

async function flip(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.write(Uint8Array.of(77), 0, 1, 20);
  await file.close();
}
