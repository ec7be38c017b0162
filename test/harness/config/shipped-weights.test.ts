/** What `npm run ship` left in shipped/, held against itself and the config that takes its entries from there. */
import { readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../harness/config/index.ts";
import { shippedEntries, shippedFolder, shippedWeights } from "../../../harness/config/shipped.ts";
import { openSafetensors } from "../../../harness/formats/safetensors.ts";
import { packageRoot } from "../../../harness/package-root.ts";
import { digest } from "../../../harness/run/store.ts";

const shipped = shippedWeights();

describe.each(shipped)("$file", ({ file, sha256, bytes, config, steps, model, commands }) => {
  it("is the file that was listed", async () => {
    expect(await digest(join(shippedFolder(), file))).toEqual({ sha256, bytes });
  });

  it("tells what it came from", async () => {
    const { metadata, tensors, close } = await openSafetensors(join(shippedFolder(), file));
    await close();
    expect(metadata.precision).toContain("float16");
    expect(JSON.parse(metadata.model!)).toEqual(model);
    expect(JSON.parse(metadata.task!)).toEqual({ resolution: 32, classes: 8 });
    const { stages, trainingFlops, trainedOn, ...provenance } = JSON.parse(metadata.provenance!);
    expect(provenance).toMatchObject({ config, commands, data: { name: "shapes" } });
    expect(trainedOn.backend).toMatch(/^onnxruntime /);
    expect(stages.at(-1).steps).toBe(steps);
    expect(
      stages.reduce((sum: number, stage: { trainingFlops: number }) => sum + stage.trainingFlops, 0),
    ).toBe(trainingFlops);
    for (const { shape, dtype } of Object.values(tensors))
      expect(dtype).toBe(shape.length > 0 ? "float16" : "float32");
  });

  it("was made by commands without a folder of anyone's disk", () => {
    expect(commands).toHaveLength(2);
    for (const word of commands.flatMap((command) => command.split(/[\s'"=]+/)))
      expect(isAbsolute(word), word).toBe(false);
  });
});

describe("the folder", () => {
  it("holds what is listed, a few MB in all, of both models", () => {
    const files = readdirSync(shippedFolder()).filter((name) => name.endsWith(".safetensors"));
    expect(files.sort()).toEqual(shipped.map(({ file }) => file).sort());
    expect(shipped.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(12e6);
    expect(shipped.map(({ model }) => model.plugin)).toEqual(["epg", "latent"]);
  });

  it("gives the default config its entries, told apart by their steps", async () => {
    const file = join(packageRoot(), "configs", "default.config.ts");
    const { entries } = await loadConfig({ file, folder: packageRoot(), overrides: {}, note: () => {} });
    expect(Object.keys(entries).slice(2)).toEqual(
      shipped.map(({ name, steps }) => `${name} (shipped, ${steps} steps)`),
    );
    for (const [name, { options }] of Object.entries(shippedEntries()))
      expect(entries[name]!.options).toEqual(options);
  });
});
