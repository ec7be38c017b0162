import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openNpz } from "../../../../harness/formats/npz-reader.ts";
import { openSafetensors } from "../../../../harness/formats/safetensors.ts";
import { prepare } from "../../../../plugins/features/preprocessing/prepare.ts";

const data = fileURLToPath(new URL("../../../../../shared/data/efficientnet-lite0/", import.meta.url));

it.skipIf(!existsSync(data))(
  "maps eight photographs to the golden inputs (skipped where ../shared/data is absent)",
  async () => {
    const golden = await openSafetensors(`${data}golden.safetensors`);
    const { data: input } = await golden.read("input");
    await golden.close();
    const photos = await openNpz(`${data}golden-images.npz`);
    const plane = 3 * 224 * 224;
    for (let k = 0; k < 8; k++) {
      const photo = await photos.read(`${k}`);
      const [height, width] = photo.shape as [number, number];
      const image = { data: photo.data as Uint8Array, height, width };
      const preparation = { resize: "pil-bicubic", levels: 255, subtract: 127, divide: 128 } as const;
      const found = prepare([image], 224, preparation);
      const wanted = input.subarray(k * plane, (k + 1) * plane) as Float32Array;
      let worst = 0;
      for (let i = 0; i < plane; i++) worst = Math.max(worst, Math.abs(found[i]! - wanted[i]!));
      // Wide photographs agree to the bit; the goldens of tall ones took the vertical pass first, as
      // Pillow ≥ 13 does, which moves the last bits.
      expect(worst).toBeLessThanOrEqual(height > width ? 2.5e-7 : 0);
    }
    await photos.close();
  },
);
