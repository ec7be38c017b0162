/** Files in a latent model's place, and in its autoencoder's: what is trained beside them, refused, and told. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type NamedArrays, writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import model from "../../../../plugins/models/latent/index.ts";
import { schema } from "../../../../plugins/models/latent/options.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { compvisAutoencoder } from "./weights.ts";

const task = { resolution: 16, classes: 2 };
const compvis = compvisAutoencoder("tiny", "first_stage_model.");
const parse = (options: unknown) => schema.parse(options) as never;
const sentences = (options: unknown) => model.deviations(parse(options), task).join(" ");

function fileOf(tensors: NamedArrays): string {
  const path = join(temporaryFolder(), "vae.safetensors");
  writeFileSync(path, writeSafetensors(tensors));
  return path;
}

describe("an autoencoder's file", () => {
  it("stands for the first stage, and the second gets the whole budget", () => {
    const options = parse({ vae: { weights: "vae.safetensors" } });
    expect(model.pretrained!(options)).toMatchObject([{ stage: "VAE", file: "vae.safetensors" }]);
    const stages = model.stages(options, task);
    expect(stages.map(({ name, after, share }) => ({ name, after, share }))).toEqual([
      { name: "DiT", after: ["VAE"], share: 1 },
    ]);
  });

  it("is read by CompVis's names into what that stage hands on", async () => {
    const path = fileOf(compvis);
    const [file] = model.pretrained!(parse({ vae: { weights: path } }));
    const { part, read, close } = await file!.open(path, task);
    const found = await read();
    await close();
    expect(part).toBe("CompVis's names under first_stage_model.");
    const [vae] = model.stages(parse({}), task);
    const trained = vae!.program.states.filter(({ name }) => name.startsWith("ema/"));
    expect(Object.keys(found).sort()).toEqual(trained.map(({ name }) => name.slice("ema/".length)).sort());
    expect(found["decoder.mid_block.attentions.0.to_q.weight"]!.shape).toEqual([32, 32]);
  });

  it("of another size is refused by the option's name", async () => {
    const path = fileOf({
      ...compvis,
      "first_stage_model.quant_conv.bias": { dtype: "float32", shape: [1], data: Float32Array.of(1) },
    });
    const [file] = model.pretrained!(parse({ vae: { weights: path } }));
    await expect(file!.open(path, task)).rejects.toThrow(
      /^vae\.weights: .* is of another size: first_stage_model\.quant_conv\.bias is \[1\], the autoencoder of latent tiny has \[8\]/,
    );
  });
});

describe("refused, for it would be ignored", () => {
  it.each<[string, object]>([
    ["vaeShare", { vae: { weights: "f" }, vaeShare: 0.5 }],
    ["vae.batchSize", { vae: { weights: "f", batchSize: 4 } }],
    ["vae.learningRate", { vae: { weights: "f", learningRate: 1e-3 } }],
    ["vae.steps", { vae: { weights: "f", steps: 4 } }],
    ["vae.adversarial", { vae: { weights: "f", adversarial: {} } }],
    ["latentScale", { weights: "f", latentScale: 1 }],
    ["flip", { weights: "f", flip: false }],
    ["vaeShare", { weights: "f", vaeShare: 0.5 }],
    ["vae.weights", { weights: "f", vae: { weights: "g" } }],
    ["vae.batchSize", { weights: "f", vae: { batchSize: 4 } }],
    ["dit.steps", { weights: "f", dit: { steps: 4 } }],
  ])("%s of %j", (path, options) => {
    const { error } = schema.safeParse(options);
    expect(error!.issues.map((issue) => issue.path.join("."))).toEqual([path]);
    expect(error!.issues[0]!.message).toMatch(/^nothing is trained where `(vae\.)?weights` is a file/);
  });

  it("but not beside what is trained", () => {
    expect(() =>
      parse({ vae: { weights: "f" }, flip: false, latentScale: 1, dit: { steps: 4 } }),
    ).not.toThrow();
    expect(() => parse({ weights: "f", vae: { steps: null }, dit: {} })).not.toThrow();
  });
});

describe("what is told of a file", () => {
  it("is nothing of how it was trained", () => {
    const trained = /trained|L1|averages|scaled/i;
    expect(sentences({})).toMatch(trained);
    expect(sentences({ weights: "f" })).not.toMatch(trained);
    expect(sentences({ weights: "f" })).toMatch(/smaller than any published\. Guidance acts on 4/);
    expect(sentences({ weights: "f", size: "DiT-XL/2" })).toBe("");
  });

  it("leaves what is trained beside it to be told", () => {
    const told = sentences({ vae: { weights: "f" } });
    expect(told).not.toMatch(/L1|VAE|kl-f8/);
    expect(told).toMatch(/trained with batch 32 and learning rate 0.001 for the DiT, with warm-up/);
    expect(told).toMatch(/scaled by their measured/);
  });
});
