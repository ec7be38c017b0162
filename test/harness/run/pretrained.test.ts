import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { writeSafetensors } from "../../../harness/formats/safetensors.ts";
import type { Model } from "../../../harness/plugin.ts";
import { pretrainedFiles, weightsFrom } from "../../../harness/run/pretrained.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const task = { resolution: 8, classes: 0 };
const shard = (value: number) =>
  writeSafetensors({ [`w${value}`]: { dtype: "float32", shape: [1], data: Float32Array.of(value) } });
const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

let folder: string;
let index: string;
beforeEach(() => {
  folder = temporaryFolder();
  index = JSON.stringify({ weight_map: { w2: "2.safetensors", w1: "1.safetensors" } });
  writeFileSync(join(folder, "model.safetensors.index.json"), index);
  writeFileSync(join(folder, "1.safetensors"), shard(1));
  writeFileSync(join(folder, "2.safetensors"), shard(2));
});

const modelOf = (file: string): Model =>
  ({
    pretrained: () => [
      {
        stage: "one",
        file,
        open: async () => ({ part: "the part ema", read: async () => ({}), close: async () => {} }),
      },
    ],
  }) as unknown as Model;

const identified = (file: string) =>
  pretrainedFiles({ baseFolder: folder } as never, modelOf(file), null as never, task);

describe("what stands for weights made elsewhere", () => {
  test("is the sha256 of a file", async () => {
    const path = join(folder, "1.safetensors");
    expect(await identified("1.safetensors")).toEqual([
      { stage: "one", path, sha256: sha256(shard(1)), part: "the part ema", told: null },
    ]);
  });

  test("is that of what sha256sum prints of an index and all its shards", async () => {
    const [file] = await identified("model.safetensors.index.json");
    const lines = [
      `${sha256(index)}  model.safetensors.index.json\n`,
      `${sha256(shard(1))}  1.safetensors\n`,
      `${sha256(shard(2))}  2.safetensors\n`,
    ];
    expect(file!.sha256).toBe(sha256(lines.join("")));
  });

  test.each(["model.safetensors.index.json", "1.safetensors"])("%s may not change in a run", async (name) => {
    const pretrained = await identified(name);
    const entry = { model: modelOf(name), options: null as never, task };
    expect(await weightsFrom({ stages: {}, pretrained }, entry)).toEqual({ one: {} });
    writeFileSync(join(folder, "1.safetensors"), shard(3));
    await expect(weightsFrom({ stages: {}, pretrained }, entry)).rejects.toThrow("changed during the run");
  });

  test("is missed before anything runs", async () => {
    await expect(identified("none.safetensors")).rejects.toThrow("weights: no file");
  });
});

test("a shard that is gone is told by its name", async () => {
  rmSync(join(folder, "2.safetensors"));
  await expect(identified("model.safetensors.index.json")).rejects.toThrow("2.safetensors");
});
