import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadPlugin, parseOptions } from "../../../../harness/config/plugins.ts";
import { writeSafetensorsFile } from "../../../../harness/formats/safetensors.ts";
import { inception } from "../../../../harness/index.ts";
import type { Descriptor, FeaturesPlugin } from "../../../../harness/plugin.ts";
import onnxruntime from "../../../../plugins/backends/onnxruntime/index.ts";
import { expectedStateDict } from "../../../../plugins/features/inception/state-dict.ts";
import { deterministicWeights } from "./deterministic-weights.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
  const dict = deterministicWeights(true);
  const tensors = expectedStateDict().map(({ name, shape }) => [
    name,
    { dtype: "float32", shape, data: dict.get(name)! },
  ]);
  await writeSafetensorsFile(join(folder, "w.safetensors"), Object.fromEntries(tensors));
});
afterAll(() => rm(folder, { recursive: true }));

/** The plugin with the options of a config, as a run opens it. */
async function opened(descriptor: Descriptor<"features"> = inception({ weights: "w.safetensors" })) {
  const plugin: FeaturesPlugin = await loadPlugin("features", descriptor.plugin, folder);
  const options = parseOptions(plugin, descriptor, ["features"], "config") as never;
  const runtime = await onnxruntime.open({ threads: 2 } as never);
  return { plugin, options, runtime, context: { baseFolder: folder } };
}

const image = (width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + (i >> 7) * 31) % 256),
});

/** Networks of 24 million weights are compiled. */
describe("inception", { timeout: 300_000 }, () => {
  it("gives layers of images of any sizes, and of a batch the features it gives of each", async () => {
    const { plugin, options, runtime, context } = await opened();
    const layers = await plugin.openLayers!(options, ["64", "2048"], runtime, context);
    const rows = await layers.extract([image(20, 31), image(40, 24)]);
    expect(Object.entries(rows).map(([name, { length }]) => [name, length])).toEqual([
      ["64", 2 * 64],
      ["2048", 2 * 2048],
    ]);
    const extractor = await plugin.open(options, runtime, context);
    const { data, height, width } = image(40, 24);
    const { features, logits, n } = await extractor.extract([{ data, height, width }]);
    expect([n, features.length, logits.length]).toEqual([1, 2048, 1008]);
    const gap = features.reduce(
      (worst, value, i) => Math.max(worst, Math.abs(value - rows["2048"]![2048 + i]!)),
      0,
    );
    expect(gap).toBeLessThan(1e-5);
    expect(extractor.name).toBe("inception");
    expect(extractor.warnings).toEqual([expect.stringMatching(/not recognised as the published file/)]);
    await layers.dispose();
    await extractor.dispose();
  });

  it("is identified by weights and preprocessing", async () => {
    const ids: string[] = [];
    for (const tool of ["adm", "torch-fidelity", "clean-fid"] as const) {
      const { plugin, options, runtime, context } = await opened(
        inception({ weights: "w.safetensors", as: tool }),
      );
      const layers = await plugin.openLayers!(options, ["64"], runtime, context);
      ids.push(layers.id);
      await layers.dispose();
    }
    for (const id of ids) expect(id).toMatch(/^inception@[0-9a-f]{64}$/);
    // The same pixels in, the same features out.
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it("tells weights apart by content before anything is computed", async () => {
    const { plugin, options, context } = await opened();
    expect(await plugin.identity!(options, context)).toMatch(/^[0-9a-f]{64}$/);
    const { options: gone } = await opened(inception({ weights: "gone" }));
    await expect(plugin.identity!(gone, context)).rejects.toThrow(/weights of Inception-v3 are not at/);
    await writeFile(join(folder, "text"), "none");
    const { options: text } = await opened(inception({ weights: "text" }));
    await expect(plugin.identity!(text, context)).rejects.toThrow(/not a file of tensors/);
  });

  it("names the tools it knows when another is asked for", async () => {
    await expect(opened(inception({ as: "fid" as never }))).rejects.toThrow(/as/);
  });
});
