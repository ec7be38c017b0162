import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReference } from "../../../harness/evaluate/reference.ts";
import { encodePng } from "../../../harness/formats/image.ts";
import { writeNpz } from "../../../harness/formats/npz-writer.ts";
import { TAR_END, tarMember } from "../formats/tar-writer.ts";
import { zipFile } from "../formats/zip-writer.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

const images = { dtype: "uint8", shape: [2, 1, 1, 3], data: new Uint8Array(6) } as const;
const mu = { dtype: "float64", shape: [2], data: Float64Array.of(1, 2) } as const;
const sigma = { dtype: "float64", shape: [2, 2], data: Float64Array.of(2, 0.5, 0.5, 1) } as const;

async function opened(arrays: Parameters<typeof writeNpz>[1]) {
  const path = join(folder, "reference.npz");
  await writeNpz(path, arrays);
  const { images: set, statistics } = await openReference(path);
  await set?.close();
  return { images: set?.length ?? null, mean: statistics && [...statistics.mean] };
}

describe("openReference", () => {
  it("tells samples, statistics and a file of both apart by what they hold", async () => {
    expect(await opened({ arr_0: images })).toEqual({ images: 2, mean: null });
    expect(await opened({ mu, sigma })).toEqual({ images: null, mean: [1, 2] });
    expect(await opened({ mu, sigma, arr_0: images })).toEqual({ images: 2, mean: [1, 2] });
    expect(await opened({ ref_mu: mu, ref_sigma: sigma })).toEqual({ images: null, mean: [1, 2] });
  });

  it("takes a folder of images", async () => {
    await writeFile(join(folder, "a.png"), await encodePng({ width: 1, height: 1, data: new Uint8Array(3) }));
    expect(await openReference(folder)).toMatchObject({ images: { length: 1 }, statistics: null });
  });

  it("takes an archive of images", async () => {
    const path = join(folder, "images");
    const png = await encodePng({ width: 1, height: 1, data: new Uint8Array(3) });
    for (const bytes of [Buffer.concat([tarMember("a.png", png), TAR_END]), zipFile({ "a.png": png })]) {
      await writeFile(path, bytes);
      const { images, statistics } = await openReference(path);
      expect([images?.length, statistics]).toEqual([1, null]);
      await images?.close();
    }
  });

  it("refuses files of neither, saying what they hold", async () => {
    await expect(opened({ weights: mu })).rejects.toThrow(
      /neither images \(arr_0\) nor statistics .* weights/,
    );
    await expect(opened({ mu, sigma: { ...sigma, data: Float64Array.of(2, 0, 1, 1) } })).rejects.toThrow(
      /sigma.*\(1, 0\) is 1, \(0, 1\) is 0/,
    );
  });
});
