import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { gradients, type Tensor, trace } from "../../../../harness/program/index.ts";
import {
  type AutoencoderConfig,
  decode,
  divergenceFromNormal,
  encode,
  posteriorOf,
  samplePosterior,
} from "../../../../plugins/models/latent/autoencoder.ts";
import { encoderProgram } from "../../../../plugins/models/latent/latent-cache.ts";
import { decoderProgram } from "../../../../plugins/models/latent/sampler.ts";
import { SD_VAE } from "../../../../plugins/models/latent/sizes.ts";
import { vaeLoss, vaeStep } from "../../../../plugins/models/latent/vae-stage.ts";
import { casesOf, expectClose, readJson, readTensors, runOnce, tensor } from "./fixtures.ts";

interface DiffusersConfig {
  readonly block_out_channels: number[];
  readonly layers_per_block: number;
  readonly norm_num_groups: number;
  readonly latent_channels: number;
}

const configOf = (folder: string): AutoencoderConfig => {
  const config = readJson(join(folder, "config.json")) as DiffusersConfig;
  return {
    channels: config.block_out_channels,
    blocks: config.layers_per_block,
    groups: config.norm_num_groups,
    latentChannels: config.latent_channels,
  };
};

function largestOf({ data }: Pick<Tensor, "data">): number {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(value));
  return most;
}

const cases = casesOf("vae");

describe.skipIf(cases.length === 0)(
  "AutoencoderKL against diffusers (skipped where the fixtures are absent)",
  () => {
    describe.each(cases.map((folder) => [basename(folder), folder] as const))("%s", (_name, folder) => {
      const config = configOf(folder);
      const weights = readTensors(join(folder, "weights.safetensors"));
      const files = readdirSync(folder).filter((file) => /^\d+x\d+\.safetensors$/.test(file));

      it.each(files)("encodes, samples and decodes %s", async (file) => {
        const reference = readTensors(join(folder, file));
        const x = tensor(reference, "x");
        const program = trace("vae", (p) => {
          const moments = encode(p, p.input("x", x.shape), config);
          const posterior = posteriorOf(moments);
          const sample = samplePosterior(posterior, p.input("noise", tensor(reference, "noise").shape));
          p.output("moments", moments);
          p.output("mean", posterior.mean);
          p.output("logvar", posterior.logVariance);
          p.output("kl", divergenceFromNormal(posterior));
          p.output("sample", sample);
          p.output("reconstruction", decode(p, sample, config));
          p.output("reconstruction_of_mean", decode(p, posterior.mean, config));
          p.output("decoded", decode(p, p.input("z", tensor(reference, "z").shape), config));
        });
        const inputs = { x, noise: tensor(reference, "noise"), z: tensor(reference, "z") };
        const outputs = await runOnce(program, weights, inputs);
        for (const [name, { data }] of Object.entries(outputs))
          expectClose(name, data, tensor(reference, name));
      });

      it("has the loss and every gradient of L1 + 1e-6·KL", async () => {
        const reference = readTensors(join(folder, "loss-32x32.safetensors"));
        const given = readTensors(join(folder, "32x32.safetensors"));
        const [x, noise] = [tensor(given, "x"), tensor(given, "noise")];
        const only = Object.keys(reference).filter((name) => name.startsWith("grad_kl_only."));
        const program = trace("vae-loss", (p) => {
          const { l1, kl, loss } = vaeLoss(p, p.input("x", x.shape), p.input("noise", noise.shape), config);
          for (const [name, value] of Object.entries({ l1, kl, loss })) p.output(name, value);
          const parameters = p.parameters();
          gradients(
            loss,
            parameters.map(({ value }) => value),
          ).forEach((g, i) => {
            p.output(`grad.${parameters[i]!.name}`, g);
          });
          const few = only.map((name) => p.read(name.slice("grad_kl_only.".length)));
          gradients(kl, few).forEach((g, i) => {
            p.output(only[i]!, g);
          });
        });
        const outputs = await runOnce(program, weights, { x, noise });
        const gradientsOf = Object.keys(reference).filter((name) => name.startsWith("grad."));
        const largest = Math.max(...gradientsOf.map((name) => largestOf(tensor(reference, name))));
        expect(Object.keys(outputs)).toHaveLength(3 + only.length + Object.keys(weights).length);
        for (const [name, { data }] of Object.entries(outputs)) {
          // The softmax does not see a shift of the keys: the true gradient is 0.
          if (name.endsWith("to_k.bias")) expect(largestOf({ data })).toBeLessThan(1e-6 * largest);
          else expectClose(name, data, tensor(reference, name));
        }
      });

      it("clamps the posterior's log-variance", async () => {
        const reference = readTensors(join(folder, "posterior.safetensors"));
        const moments = tensor(reference, "moments");
        const program = trace("posterior", (p) => {
          const posterior = posteriorOf(p.input("moments", moments.shape));
          p.output("mean", posterior.mean);
          p.output("logvar", posterior.logVariance);
          p.output("sample", samplePosterior(posterior, p.input("noise", tensor(reference, "noise").shape)));
          p.output("kl", divergenceFromNormal(posterior));
        });
        const inputs = {
          moments: { ...moments, data: Float32Array.from(moments.data) },
          noise: tensor(reference, "noise"),
        };
        for (const [name, { data }] of Object.entries(await runOnce(program, {}, inputs)))
          expectClose(name, data, tensor(reference, name));
      });

      it("counts the multiply-accumulates that were measured", () => {
        const { rows } = readJson(join(folder, "macs.json")) as {
          rows: Record<string, { encode: number; decode: number }>;
        };
        expect(encoderProgram(config, 1, 32).macs).toBe(rows["tiny@32x32"]!.encode);
        expect(decoderProgram(config, 1, 4).macs).toBe(rows["tiny@32x32"]!.decode);
        for (const side of [256, 512]) {
          expect(encoderProgram(SD_VAE, 1, side).macs).toBe(rows[`sd-vae@${side}`]!.encode);
          expect(decoderProgram(SD_VAE, 1, side / 8).macs).toBe(rows[`sd-vae@${side}`]!.decode);
        }
      });

      it("has the parameters of the SD-VAE by name and shape", () => {
        const { shapes } = readJson(join(folder, "parameters-sd-vae.json")) as {
          shapes: Record<string, number[]>;
        };
        const ours = vaeStep(SD_VAE, 1, 64).states.filter(({ trainable }) => trainable);
        expect(Object.fromEntries(ours.map(({ name, value }) => [name, value.shape]))).toEqual(shapes);
      });
    });
  },
);

describe("AutoencoderKL", () => {
  it("has the SD-VAE's 83,653,863 parameters", () => {
    expect(vaeStep(SD_VAE, 1, 64).parameters).toBe(83_653_863);
  });
});
