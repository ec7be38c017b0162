import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recogniseTensors } from "../../../../harness/config/plugins.ts";
import { openSafetensors } from "../../../../harness/formats/safetensors.ts";
import { ditStates } from "../../../../plugins/models/latent/dit-states.ts";
import { ditFor, type SizeName } from "../../../../plugins/models/latent/sizes.ts";

const root = process.env.EPG_BENCH_FIXTURES ?? join(import.meta.dirname, "../../../../../shared/fixtures");
const whole = { missing: [], surplus: [], misshapen: [] };

const recognised = (shapes: ReadonlyMap<string, readonly number[]>, path = "file") =>
  recogniseTensors({ path, shapes, metadata: new Map() });

async function shapesOf(path: string) {
  const file = await openSafetensors(path);
  await file.close();
  return new Map(Object.entries(file.tensors).map(([name, { shape }]) => [name, shape]));
}

describe("DiT", () => {
  test.each<[SizeName, number, string]>([
    ["DiT-S/2", 256, "small or DiT-S/2"],
    ["DiT-XL/2", 512, "DiT-XL/2"],
    ["tiny", 32, "tiny"],
  ])("%s at %d px", async (size, resolution, named) => {
    const config = ditFor(size, { resolution, classes: 1000 });
    const shapes = new Map(ditStates(config).map(({ name, value }) => [`ema/${name}`, value.shape]));
    const { side, latentChannels } = config;
    expect(await recognised(shapes)).toMatchObject([
      {
        family: "DiT (SiT has the same names)",
        size: `${named}, latents ${side}×${side}×${latentChannels}, 1000 classes`,
        role: "ema",
        ...whole,
      },
    ]);
  });

  test("without its positions, and without a variance", async () => {
    const config = ditFor("tiny", { resolution: 32, classes: 10 });
    const states = ditStates({ ...config, outputChannels: config.latentChannels });
    const shapes = new Map(states.map(({ name, value }) => [name, value.shape]));
    shapes.delete("pos_embed");
    expect(await recognised(shapes)).toMatchObject([
      { size: "tiny, latents of 4 channels, 10 classes, no variance learned", ...whole },
    ]);
  });

  test.skipIf(!existsSync(root))("the reference weights", async () => {
    const parts = await recognised(await shapesOf(join(root, "dit", "weights.safetensors")));
    expect(parts).toMatchObject([
      { size: "no listed size: 3 blocks of width 64, patch 2, latents 8×8×4, 10 classes", ...whole },
    ]);
  });
});

describe.skipIf(!existsSync(root))("autoencoders", () => {
  test.each([
    ["weights.safetensors", "diffusers'"],
    ["weights-legacy-diffusers.safetensors", "diffusers' old"],
    ["weights-compvis.safetensors", "CompVis's"],
  ])("the same network under other names: %s", async (file, layout) => {
    const shapes = await shapesOf(join(root, "vae", file));
    expect(await recognised(shapes)).toMatchObject([
      {
        family: "AutoencoderKL",
        size: `no listed size: channels 16, 32, 32, 32, 4 in the latents, ${layout} names`,
        parameters: 437_847,
        ...whole,
      },
    ]);
  });

  test("the SD-VAE, what it lacks and has beside", async () => {
    const { shapes } = JSON.parse(readFileSync(join(root, "vae", "parameters-sd-vae.json"), "utf8")) as {
      shapes: Record<string, number[]>;
    };
    const all = new Map(Object.entries(shapes).map(([name, shape]) => [`first_stage_model.${name}`, shape]));
    const size = "SD-VAE (kl-f8), diffusers' names";
    expect(await recognised(all)).toMatchObject([
      { size, prefix: "first_stage_model.", parameters: 83_653_863, ...whole },
    ]);
    all.delete("first_stage_model.decoder.conv_out.bias");
    all.set("first_stage_model.decoder.more", [1]);
    expect(await recognised(all)).toMatchObject([
      { size, missing: ["decoder.conv_out.bias"], surplus: ["decoder.more"] },
    ]);
  });
});

test("EfficientNet-Lite0, as it is shipped", async () => {
  const shapes = await shapesOf(
    join(import.meta.dirname, "../../../../plugins/features/efficientnet-lite0/weights.safetensors"),
  );
  expect(await recognised(shapes)).toMatchObject([{ family: "EfficientNet", size: "Lite0", ...whole }]);
});
