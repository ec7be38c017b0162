import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { type NamedArrays, writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import type { PartRole } from "../../../../harness/formats/state-dict.ts";
import type { AutoencoderConfig } from "../../../../plugins/models/latent/autoencoder.ts";
import {
  autoencoderStates,
  openAutoencoder,
} from "../../../../plugins/models/latent/autoencoder-checkpoint.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { prefixed, writePth } from "../epg/weights.ts";

const config: AutoencoderConfig = { channels: [4, 8], blocks: 1, groups: 2, latentChannels: 2 };

/** Every number of a tensor tells which it is. */
const weights: NamedArrays = Object.fromEntries(
  autoencoderStates(config).map(({ name, value: { shape } }, k) => [
    name,
    { dtype: "float32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(k + 1) },
  ]),
);
const scalar = { dtype: "float32", shape: [1], data: Float32Array.of(1) } as const;

/** What a whole latent-diffusion model holds beside its first stage. */
const beside: NamedArrays = {
  betas: scalar,
  sqrt_recipm1_alphas_cumprod: scalar,
  scale_factor: scalar,
  "model.diffusion_model.out.2.bias": scalar,
  "model_ema.diffusion_modelout2bias": scalar,
  "cond_stage_model.embedding.weight": scalar,
  "loss.discriminator.main.0.weight": scalar,
};

function fileOf(tensors: NamedArrays, name = "vae.safetensors"): string {
  const path = join(temporaryFolder(), name);
  if (name.endsWith(".pth")) writePth(path, tensors);
  else writeFileSync(path, writeSafetensors(tensors));
  return path;
}

async function loaded(path: string, role: PartRole | null = null) {
  const file = await openAutoencoder(path, config, role, "the test's autoencoder");
  const tensors = await file.read();
  await file.close();
  return { ...file, tensors };
}

const without = (name: string): NamedArrays =>
  Object.fromEntries(Object.entries(weights).filter(([key]) => key !== name));

describe("an autoencoder's file", () => {
  it.each<[string, NamedArrays, string, number]>([
    ["alone", weights, "vae.safetensors", 0],
    ["alone, of PyTorch's", weights, "vae.pth", 0],
    ["with its training loss and tables beside", { ...weights, ...beside }, "vae.ckpt.pth", 7],
    ["in a whole model", { ...prefixed("first_stage_model.", weights), ...beside }, "sd.pth", 7],
    [
      "in a trainer's checkpoint of a whole model",
      prefixed("state_dict/", {
        ...prefixed("first_stage_model.", { ...weights, "loss.logvar": scalar }),
        ...beside,
      }),
      "last.safetensors",
      8,
    ],
  ])("%s", async (_, tensors, name, ignored) => {
    const found = await loaded(fileOf(tensors, name));
    expect(found.ignored).toBe(ignored);
    expect(Object.keys(found.tensors)).toEqual(Object.keys(weights));
    for (const [key, { shape, data }] of Object.entries(found.tensors))
      expect([key, shape, data]).toEqual([key, weights[key]!.shape, weights[key]!.data]);
  });

  it("says what of it is taken", async () => {
    const whole = fileOf({ ...prefixed("first_stage_model.", weights), ...beside });
    expect((await loaded(whole)).part).toBe(
      "diffusers' names under first_stage_model., 7 other tensors ignored",
    );
  });

  it("has the average taken, or the part that is asked for", async () => {
    const zeros: NamedArrays = Object.fromEntries(
      Object.entries(weights).map(([name, one]) => [
        name,
        { ...one, data: new Float32Array(one.data.length) } as NamedArrays[string],
      ]),
    );
    const both = fileOf({ ...prefixed("online/", zeros), ...prefixed("ema/", weights) });
    const name = "quant_conv.bias";
    expect((await loaded(both)).tensors[name]!.data).toEqual(weights[name]!.data);
    expect((await loaded(both, "online")).tensors[name]!.data).toEqual(zeros[name]!.data);
    await expect(loaded(both, "target")).rejects.toThrow('no part "target"; it has online under online/');
    const twice = fileOf({ ...prefixed("a.", weights), ...prefixed("b.", weights) });
    await expect(loaded(twice)).rejects.toThrow("holds 2 autoencoders that could be meant");
  });
});

describe("refused, by the name in the file", () => {
  it.each<[string, NamedArrays, RegExp]>([
    ["something missing", without("decoder.conv_out.bias"), /lacks 1 parameters .*: decoder\.conv_out\.bias/],
    [
      "something more inside a whole model's autoencoder",
      prefixed("first_stage_model.", { ...weights, "quantize.embedding.weight": scalar }),
      /has 1 parameters that .* has not: first_stage_model\.quantize\.embedding\.weight/,
    ],
    [
      "a parameter twice, under its old name and its new",
      {
        ...weights,
        "encoder.mid_block.attentions.0.query.weight": weights["encoder.mid_block.attentions.0.to_q.weight"]!,
      },
      /has 1 parameters that .*attentions\.0\.query\.weight/,
    ],
    [
      "another size",
      { ...weights, "quant_conv.bias": scalar },
      /of another size: quant_conv\.bias is \[1\], the test's autoencoder has \[4\]/,
    ],
    ["another model", { "x_embedder.proj.weight": scalar }, /holds no AutoencoderKL/],
  ])("%s", async (_, tensors, message) => {
    const failure = await loaded(fileOf(tensors)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toMatch(message);
  });

  it("no file, and no file of tensors", async () => {
    const text = join(temporaryFolder(), "vae.txt");
    writeFileSync(text, "not a tensor");
    await expect(loaded(text)).rejects.toThrow(/vae\.weights: .*not a file of tensors/);
    await expect(loaded(`${text}.none`)).rejects.toThrow(/cannot be read/);
  });
});
