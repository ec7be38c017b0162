import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pilBicubic } from "../../../../plugins/features/preprocessing/pil-bicubic.ts";
import { preprocessor } from "../../../../plugins/features/preprocessing/pool.ts";

const data = Uint8Array.from({ length: 7 * 9 * 8 * 3 }, (_, i) => (i * 7919) >>> 4);
const batch = { data, n: 7, height: 9, width: 8 };
const affine = { subtract: 127, divide: 128 };

/** Threads need the built package: plain Node cannot load the TypeScript sources. */
const built = new URL("../../../../dist/plugins/features/preprocessing/pool.js", import.meta.url);
const buildExists = existsSync(built);

describe("preprocessor", () => {
  it("does the work here when run from the sources", async () => {
    const pool = preprocessor(2);
    expect(await pool.resize(batch, 12, affine)).toEqual(pilBicubic(batch, 12, affine));
    await pool.close();
  });

  it.skipIf(!buildExists)(
    "gives the same bits with 1, 2 and 9 threads (skipped where dist/ is not built)",
    async () => {
      const module = (await import(built.href)) as { preprocessor: typeof preprocessor };
      for (const threads of [1, 2, 9]) {
        const pool = module.preprocessor(threads);
        for (const n of [7, 1, 0]) {
          const part = { ...batch, n, data: data.subarray(0, n * 9 * 8 * 3) };
          expect(await pool.resize(part, 12, affine)).toEqual(pilBicubic(part, 12, affine));
        }
        await pool.close();
      }
    },
  );
});
