import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imageViews } from "../../../../harness/formats/image.ts";
import { decodeSafetensors, readSafetensors } from "../../../../harness/formats/safetensors.ts";
import { packageRoot } from "../../../../harness/package-root.ts";
import type { FeatureExtractor } from "../../../../harness/plugin.ts";
import type { Tensor } from "../../../../harness/program/index.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";
import plugin from "../../../../plugins/features/efficientnet-lite0/index.ts";
import { efficientNetLite0, foldedStates } from "../../../../plugins/features/efficientnet-lite0/network.ts";

const SHARED = join(packageRoot(), "..", "shared", "data", "efficientnet-lite0");

const open = async (): Promise<FeatureExtractor> => {
  const backend = await onnxruntime.open({ threads: 2 } as never);
  return plugin.open({} as never, backend, { baseFolder: "." });
};

describe.skipIf(!existsSync(SHARED))(`golden features (skipped without ${SHARED})`, () => {
  it("gives the golden features and logits of the golden inputs", async () => {
    const folder = join(packageRoot(), "plugins", "features", "efficientnet-lite0");
    const layers = JSON.parse(await readFile(join(folder, "layers.json"), "utf8"));
    const weights = readSafetensors(await readFile(join(folder, "weights.safetensors")));
    const golden = decodeSafetensors(await readFile(join(SHARED, "golden.safetensors"))).tensors;
    const backend = await onnxruntime.open({ threads: 2 } as never);
    const states = foldedStates(layers, (name) => weights[name]!);
    const network = await backend.compile(efficientNetLite0(layers, 8), states);
    const outputs = await network.run({ x: golden.input as Tensor });
    for (const name of ["features", "logits"] as const) {
      const expected = golden[name]!.data as Float64Array;
      const found = outputs[name]!.data;
      expect(found.length).toBe(expected.length);
      let worst = 0;
      found.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(value - expected[i]!));
      });
      expect(worst).toBeLessThan(1e-4);
    }
    await network.dispose();
  });

  it("ships the weights it was given", async () => {
    const own = await readFile(
      join(packageRoot(), "plugins/features/efficientnet-lite0/weights.safetensors"),
    );
    expect(own.equals(await readFile(join(SHARED, "weights.safetensors")))).toBe(true);
  });
});

describe("extract", () => {
  it("gives every image the features it has alone, to the bit, whatever its place in a batch", async () => {
    const extractor = await open();
    const side = 20;
    const n = extractor.batchSize + 3;
    const images = Uint8Array.from(
      { length: n * side * side * 3 },
      (_, i) => (i * 7919 + (i >> 7) * 31) % 256,
    );
    const all = await extractor.extract(imageViews(images, { n, height: side, width: side }));
    const last = images.slice((n - 1) * side * side * 3);
    const alone = await extractor.extract([{ data: last, height: side, width: side }]);
    expect(all.features.length).toBe(n * extractor.dims);
    expect(all.features.subarray((n - 1) * extractor.dims)).toEqual(alone.features);
    expect(all.logits.subarray((n - 1) * extractor.classes)).toEqual(alone.logits);
    const shifted = await extractor.extract(
      imageViews(images.slice(5 * side * side * 3), { n: n - 5, height: side, width: side }),
    );
    expect(all.features.subarray(5 * extractor.dims)).toEqual(shifted.features);
    expect(all.logits.subarray(5 * extractor.classes)).toEqual(shifted.logits);
    await extractor.dispose();
  }, 60_000);

  it("is identified by a digest", async () => {
    const extractor = await open();
    expect(extractor.id).toMatch(/^efficientnet-lite0@[0-9a-f]{64}$/);
    await extractor.dispose();
  });
});
