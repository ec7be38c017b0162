import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../harness/errors.ts";
import { jpegShare, refuseMixedSizes } from "../../../harness/evaluate/image-headers.ts";
import { openImageSet } from "../../../harness/evaluate/image-set.ts";
import type { Tool } from "../../../harness/evaluate/tool-listing.ts";
import { writeAdmSamples } from "../../../harness/formats/npz.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { plainPng } from "./plain-png.ts";

const jpeg = (width: number, orientation = 1) =>
  sharp({ create: { width, height: 4, channels: 3, background: "#fff" } })
    .withMetadata({ orientation })
    .jpeg()
    .toBuffer();

function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

describe("mixed sizes", () => {
  const check = async (path: string, tool: Tool) => {
    const set = await openImageSet(path, tool);
    await refuseMixedSizes(set, tool).finally(() => set.close());
  };

  it("are refused, naming two files and the fix, where the tool cannot take them", async () => {
    const mixed = folderOf({
      "a.png": await plainPng(0, 6, 4),
      "b.jpg": await jpeg(6),
      "c.png": await plainPng(0, 4, 6),
    });
    for (const tool of ["pytorch-fid", "torch-fidelity", "clean-fid-legacy-tensorflow", "edm"] as const) {
      const failure = await check(mixed, tool).catch((error) => error);
      expect(failure).toBeInstanceOf(UserError);
      expect(failure.message).toContain(`${tool} takes images of one size`);
      expect(failure.message).toMatch(/a\.png is 6x4, .*c\.png is 4x6/);
      expect(failure.fix).toMatch(/resize/);
    }
    for (const tool of ["adm", "clean-fid", "clean-fid-legacy-pytorch", "dgm-eval"] as const)
      await check(mixed, tool);
  });

  it("are those stored, whatever EXIF turns", async () => {
    await check(folderOf({ "a.jpg": await jpeg(8, 6), "b.jpg": await jpeg(8) }), "edm");
  });

  it("cannot be in an npz", async () => {
    const path = join(temporaryFolder(), "x.npz");
    await writeAdmSamples(path, new Uint8Array(12), [1, 2, 2, 3]);
    await check(path, "edm");
  });
});

describe("jpegShare", () => {
  it("counts by content, and nothing in an npz", async () => {
    const set = await openImageSet(
      folderOf({
        "a.png": await jpeg(8),
        "b.jpg": await plainPng(0),
        "c.jpg": await jpeg(8),
        "d.webp": await plainPng(0),
      }),
    );
    expect(await jpegShare(set)).toBe(0.5);
    const path = join(temporaryFolder(), "x.npz");
    await writeAdmSamples(path, new Uint8Array(12), [1, 2, 2, 3]);
    const npz = await openImageSet(path);
    expect(await jpegShare(npz)).toBe(0);
    await npz.close();
  });
});
