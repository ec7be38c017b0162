import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { imageViews } from "../../../../harness/formats/image.ts";
import { preprocessor } from "../../../../plugins/features/preprocessing/pool.ts";
import { type Preparation, prepare } from "../../../../plugins/features/preprocessing/prepare.ts";

const data = Uint8Array.from({ length: 7 * 9 * 8 * 3 }, (_, i) => (i * 7919) >>> 4);
const images = imageViews(data, { n: 7, height: 9, width: 8 });
const preparation: Preparation = { resize: "pil-bicubic", levels: 255, subtract: 127, divide: 128 };

/** Threads need the built package: plain Node cannot load the TypeScript sources. */
const built = new URL("../../../../dist/plugins/features/preprocessing/pool.js", import.meta.url);
const buildExists = existsSync(built);

describe("preprocessor", () => {
  it("does the work here when run from the sources", async () => {
    const pool = preprocessor(2);
    expect(await pool.prepare(images, 12, preparation)).toEqual(prepare(images, 12, preparation));
    await pool.close();
  });

  it.skipIf(!buildExists)(
    "gives the same bits with 1, 2 and 9 threads (skipped where dist/ is not built)",
    async () => {
      const module = (await import(built.href)) as { preprocessor: typeof preprocessor };
      for (const threads of [1, 2, 9]) {
        const pool = module.preprocessor(threads);
        for (const n of [7, 1, 0]) {
          const part = images.slice(0, n);
          expect(await pool.prepare(part, 12, preparation)).toEqual(prepare(part, 12, preparation));
        }
        await pool.close();
      }
    },
  );
});
