import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentDeviations } from "../../../harness/references/content.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { writeReference } from "./statistics.ts";

const EXPECTED = { n: null, resolution: 8, statistics: { mu: 4 }, images: 3 };

async function written(options: Parameters<typeof writeReference>[1] = {}): Promise<string> {
  const path = join(temporaryFolder(), "reference.part");
  await writeReference(path, options);
  return path;
}

describe("contentDeviations", () => {
  it("finds nothing where a file is as it should be, whatever its name", async () => {
    expect(await contentDeviations(await written(), EXPECTED)).toEqual([]);
  });

  it("tells what is otherwise", async () => {
    const path = await written({ dimensions: 5, images: 2, side: 16 });
    expect(await contentDeviations(path, EXPECTED)).toEqual([
      "mu has 5 dimensions, not 4",
      "arr_0 has 2 images, not 3",
      "arr_0 has images of 16x16, not 8x8",
    ]);
  });

  it("refuses a file that lacks an array, or is damaged anywhere", async () => {
    const path = await written();
    await expect(contentDeviations(path, { ...EXPECTED, statistics: { mu_s: 4 } })).rejects.toThrow(
      /mu_s.*no such array/,
    );
    const bytes = readFileSync(path);
    for (const place of [bytes.indexOf("arr_0.npy") + 200, bytes.length - 400]) {
      const damaged = Buffer.from(bytes);
      damaged[place]! ^= 1;
      writeFileSync(path, damaged);
      await expect(contentDeviations(path, EXPECTED)).rejects.toThrow(/reference\.part/);
    }
  });
});
