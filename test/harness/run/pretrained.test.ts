import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { writeSafetensors } from "../../../harness/formats/safetensors.ts";
import type { Model } from "../../../harness/plugin.ts";
import {
  describePretrained,
  pretrainedFiles,
  weightsFrom,
  withContents,
  withNames,
} from "../../../harness/run/pretrained.ts";
import { type ToldTraining, toldTraining, toldUpTo } from "../../../harness/run/provenance.ts";
import epg from "../../../plugins/models/epg/index.ts";
import { schema as epgSchema } from "../../../plugins/models/epg/options.ts";
import { networkShape } from "../../../plugins/models/epg/sizes.ts";
import latent from "../../../plugins/models/latent/index.ts";
import { type LatentInput, schema as latentSchema } from "../../../plugins/models/latent/options.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

import { randomWeights } from "../../plugins/models/epg/weights.ts";

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

/** What of a file's training is told that says `provenance` of itself. */
function told(provenance: object): Promise<ToldTraining | null> {
  const path = join(folder, "told.safetensors");
  writeFileSync(path, writeSafetensors({}, { provenance: JSON.stringify({ commands, ...provenance }) }));
  return toldTraining(path);
}
const stages = (...names: readonly string[]) =>
  names.map((stage, i) => ({ stage, steps: 2, trainingFlops: 10 ** i, weightsSha256: `of ${stage}` }));
const commands = ["export"];
const shapes = { name: "shapes", trainingImages: 64 };

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
});

test("a shard that is gone is told by its name", async () => {
  rmSync(join(folder, "2.safetensors"));
  await expect(identified("model.safetensors.index.json")).rejects.toThrow("2.safetensors");
});

describe("what a file tells of its training", () => {
  test("adds up over its stages", async () => {
    expect(await told({ data: shapes, stages: stages("VAE", "DiT") })).toEqual({
      commands,
      stages: stages("VAE", "DiT"),
      trainingFlops: 11,
      data: [shapes],
    });
    expect(await told({ data: shapes, stages: [] })).toBeNull();
    expect(await told({ data: shapes })).toBeNull();
  });

  test("counts the files it started from, each once, and is nothing where one of those tells nothing", async () => {
    const photos = { name: "photos", trainingImages: 9 };
    const before = { stages: stages("pre-training"), trainingFlops: 1, data: [photos] };
    const tuned = { data: shapes, stages: stages("fine-tuning") };
    expect(
      await told({
        ...tuned,
        pretrained: [
          { stage: "a", sha256: "1", training: before },
          { stage: "b", sha256: "1", training: before },
        ],
      }),
    ).toEqual({
      commands,
      stages: stages("pre-training").concat(tuned.stages),
      trainingFlops: 2,
      data: [photos, shapes],
    });
    for (const training of [null, undefined])
      expect(
        await told({
          ...tuned,
          pretrained: [
            { sha256: "1", training: before },
            { sha256: "2", training },
          ],
        }),
      ).toBeNull();
  });

  test("counts a training once where two of the files it started from tell of it", async () => {
    const startedFrom = (sha256: string, ...names: readonly string[]) => ({
      sha256,
      training: { stages: stages(...names), data: [shapes] },
    });
    const pretrained = [startedFrom("1", "VAE"), startedFrom("2", "VAE", "DiT")];
    const [tuned] = stages("fine-tuning");
    expect(await told({ data: shapes, stages: [tuned], pretrained })).toMatchObject({
      stages: stages("VAE", "DiT").concat(tuned!),
      trainingFlops: 12,
    });
  });

  test("is nothing where it does not say which training it was", async () => {
    const [{ weightsSha256: _, ...unnamed }] = stages("VAE") as [ReturnType<typeof stages>[number]];
    expect(await told({ data: shapes, stages: [unnamed] })).toBeNull();
  });

  test("ends with the stage that it stands for", async () => {
    const all = (await told({ data: shapes, stages: stages("VAE", "DiT") }))!;
    expect(toldUpTo("VAE", all)).toMatchObject({ stages: stages("VAE"), trainingFlops: 1 });
    expect(toldUpTo("poor network", all)).toEqual(all);
  });
});

test("a file in place of two stages is described once, by the training of both", () => {
  const of = (stage: string, ...names: readonly string[]) => ({
    stage,
    path: "/models/w.safetensors",
    sha256: "0".repeat(64),
    part: "the averages",
    told: { commands, stages: stages(...names), trainingFlops: 1e12 * names.length, data: [shapes] },
  });
  expect(describePretrained([of("VAE", "VAE"), of("DiT", "VAE", "DiT")])).toBe(
    "Pre-trained, not trained here: w.safetensors, the averages, sha256 000000000000… (VAE and DiT), by its own account " +
      "trained elsewhere for 2 steps of VAE, then 2 of DiT, 2.00 TFLOP in all, on 64 images of shapes",
  );
});

test("options say what is in their files, not where these lie", async () => {
  const files = await identified("1.safetensors");
  const options = (file: string) => ({
    size: "tiny",
    vae: { weights: { file, part: null } },
    steps: [1, null],
  });
  const content = options(sha256(shard(1)));
  expect(withContents(options("1.safetensors"), files, folder)).toEqual(content);
  const path = join(folder, "1.safetensors");
  expect(withContents(options(path), files, "/elsewhere")).toEqual(content);
  const named = options(`1.safetensors, sha256 ${sha256(shard(1))}`);
  expect(withNames(options(path), files, "/elsewhere")).toEqual(named);
});

describe("a file of another network", () => {
  const tiny = networkShape("tiny", { resolution: 32, classes: 8 });
  const epgFile = () =>
    writeFileSync(join(folder, "epg.safetensors"), writeSafetensors(randomWeights(tiny), {}));

  test.each<[string, LatentInput, RegExp]>([
    [
      "DiT's",
      { vae: { weights: "epg.safetensors" }, dit: { weights: "epg.safetensors" } },
      /^dit\.weights: .* holds no DiT/,
    ],
    [
      "the autoencoder's",
      { vae: { weights: "epg.safetensors" } },
      /^vae\.weights: .* holds no AutoencoderKL/,
    ],
  ])("in %s place is told by name and size", async (_, input, message) => {
    epgFile();
    const found = pretrainedFiles(
      { baseFolder: folder } as never,
      latent as never,
      latentSchema.parse(input) as never,
      task,
    );
    await expect(found).rejects.toThrow(message);
    await expect(found).rejects.toThrow(/; it looks like EPG, tiny, 32 px, 8 classes$/);
  });

  test("of another size is told by its own", async () => {
    epgFile();
    const found = pretrainedFiles(
      { baseFolder: folder } as never,
      epg as never,
      epgSchema.parse({ weights: "epg.safetensors" }) as never,
      { resolution: 64, classes: 8 },
    );
    await expect(found).rejects.toThrow(
      /^weights: epg\.safetensors is of another size: pos_embed .*; it looks like EPG, tiny, 32 px, 8 classes$/,
    );
  });

  test("that nobody knows is told nothing of", async () => {
    const found = pretrainedFiles(
      { baseFolder: folder } as never,
      latent as never,
      latentSchema.parse({ vae: { weights: "1.safetensors" } }) as never,
      task,
    );
    await expect(found).rejects.toThrow(/encoder\.down\.…$/);
  });
});
