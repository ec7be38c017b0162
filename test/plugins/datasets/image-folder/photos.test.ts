import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import imageFolder from "../../../../plugins/datasets/image-folder/index.ts";

const photos = fileURLToPath(new URL("../../../../../shared/data/photos", import.meta.url));

it.skipIf(!existsSync(photos))(
  "reads real photographs (skipped where ../shared/data/photos is absent)",
  async () => {
    const cacheFolder = await mkdtemp(join(tmpdir(), "photos-"));
    try {
      const context = { seed: 0, cacheFolder, baseFolder: photos, threads: 2 };
      const options = imageFolder.schema.parse({ folder: "bird", resolution: 32 });
      const { train, reference, heldOut, classes, warnings } = await imageFolder.open(options, context);
      expect([train.length + reference.length + heldOut.length, classes, warnings]).toEqual([59, [], []]);
      const images = await train.images(Array.from({ length: train.length }, (_, i) => i));
      const mean = images.reduce((a, b) => a + b, 0) / images.length;
      expect(mean).toBeGreaterThan(80);
      expect(mean).toBeLessThan(170);
    } finally {
      await rm(cacheFolder, { recursive: true });
    }
  },
);
