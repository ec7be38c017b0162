import { describe, expect, it } from "vitest";
import { loadConfig, type ResolvedConfig } from "../../../harness/config/index.ts";
import { shippedEntries } from "../../../harness/config/shipped.ts";
import { packageRoot } from "../../../harness/package-root.ts";
import { elsewhereSentence } from "../../../harness/run/match-sentence.ts";
import type { PretrainedFile } from "../../../harness/run/pretrained.ts";
import { quickened } from "../../../harness/run/quick.ts";

const load = (name: string): Promise<ResolvedConfig> =>
  loadConfig({ file: `configs/${name}.config.ts`, folder: packageRoot(), overrides: {}, note: () => {} });

const task = { resolution: 32, classes: 8 };

describe("a quick run", () => {
  it("keeps the entries that train nothing, and all where it is not asked for", async () => {
    const config = await load("default");
    expect((await quickened({ ...config, quick: true }, task)).entries).toEqual(shippedEntries());
    expect(await quickened(config, task)).toBe(config);
  });

  it("is refused where every entry trains", async () => {
    const config = await load("shapes-long");
    await expect(quickened({ ...config, quick: true }, task)).rejects.toThrow(
      /every entry trains: "EPG, Heun 16", "VAE \+ DiT"/,
    );
  });

  it("names the entry whose options do not fit", async () => {
    const config = await load("shapes-long");
    await expect(quickened({ ...config, quick: true }, { ...task, resolution: 30 })).rejects.toThrow(
      /^entries\["EPG, Heun 16"\]: resolution 30 is not a multiple of 8/,
    );
  });
});

describe("what was trained elsewhere", () => {
  const file = (told: PretrainedFile["told"]) => [
    { stage: "DiT", path: "w.safetensors", sha256: "", part: "ema", told },
  ];
  const stage = (name: string, trainingFlops: number, weightsSha256: string) => ({
    stage: name,
    steps: 9,
    trainingFlops,
    weightsSha256,
  });
  const toldOf = (...stages: readonly ReturnType<typeof stage>[]) => ({
    commands: ["x"],
    data: [{ name: "shapes", trainingImages: 4096 }],
    stages,
    trainingFlops: stages.reduce((sum, one) => sum + one.trainingFlops, 0),
  });
  const told = toldOf(stage("DiT", 6.2e13, "1"));

  const HERE = { identity: null, images: null, elsewhere: null };
  it("is summed over files, each training once, and unknown where one does not tell", () => {
    const files = (...of: readonly (readonly [sha256: string, told: PretrainedFile["told"]])[]) =>
      elsewhereSentence([
        { name: "A", made: HERE, pretrained: of.map(([sha256, one]) => ({ ...file(one)[0]!, sha256 })) },
      ]);
    expect(files(["a", told], ["a", told])).toContain('"A" with 62.0 TFLOP');
    expect(files(["a", told], ["b", toldOf(stage("DiT", 6.2e13, "2"))])).toContain('"A" with 124 TFLOP');
    const vae = stage("VAE", 1e13, "3");
    expect(files(["a", toldOf(vae)], ["b", toldOf(vae, stage("DiT", 6.2e13, "1"))])).toContain(
      '"A" with 72.0 TFLOP',
    );
    expect(files(["a", told], ["b", null])).toContain('at a cost not known here: "A"');
  });

  it("is told as declared where the config says it", () => {
    const declared = (value: number) => ({
      ...HERE,
      elsewhere: {
        calls: null,
        macs: null,
        parameters: null,
        trainFlops: { value, by: "declared" as const },
        ownProcess: true,
      },
    });
    const entries = [
      { name: "A", pretrained: [], made: declared(1e15) },
      { name: "B", pretrained: [], made: HERE },
    ];
    expect(elsewhereSentence(entries)).toBe(
      ' Trained elsewhere, as the config declares and nothing here counted: "A" with 1.00e+3 TFLOP. Pre-trained elsewhere, at a cost not known here: "B".',
    );
  });

  it("is told with its compute where its file tells it, and as unknown where not", () => {
    expect(
      elsewhereSentence([
        { name: "A", pretrained: file(told), made: HERE },
        { name: "B", pretrained: file(null), made: HERE },
      ]),
    ).toBe(
      ' Trained elsewhere, by their files\' account: "A" with 62.0 TFLOP. Pre-trained elsewhere, at a cost not known here: "B".',
    );
    expect(elsewhereSentence([])).toBe("");
  });
});
