/** AutoencoderKL against diffusers: encoding, posterior, decoding, loss, gradients, weights under three sets of names. */
import { describe, expect, it } from "vitest";
import { gradients, type Tensor, trace, type Value } from "../../harness/program/index.ts";
import {
  decode,
  divergenceFromNormal,
  downsamplingOf,
  encode,
  posteriorOf,
  samplePosterior,
} from "../../plugins/models/latent/autoencoder.ts";
import { autoencoderStates } from "../../plugins/models/latent/autoencoder-checkpoint.ts";
import { SD_VAE } from "../../plugins/models/latent/sizes.ts";
import { vaeLoss } from "../../plugins/models/latent/vae-loss.ts";
import { expectParity, runOnce, traceWithGradients } from "./engines.ts";
import { gradientsOf, like, picked } from "./epg.ts";
import { cases, runsOf } from "./vae.ts";

const largest = ({ data }: Tensor): number =>
  Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const passes = runsOf(/^\d+x\d+$/);

describe.skipIf(cases.length === 0)("AutoencoderKL (skipped where there are no cases)", () => {
  it.each(passes)("%s: encodes, samples, decodes", async (_, { one, file, engine }) => {
    const reference = one.read(file);
    const program = trace("vae", (p) => {
      const moments = encode(p, like(p, "x", reference.x!), one.config);
      const posterior = posteriorOf(moments);
      const sample = samplePosterior(posterior, like(p, "noise", reference.noise!));
      const outputs = {
        moments,
        mean: posterior.mean,
        logvar: posterior.logVariance,
        kl: divergenceFromNormal(posterior),
        sample,
        reconstruction: decode(p, sample, one.config),
        reconstruction_of_mean: decode(p, posterior.mean, one.config),
        decoded: decode(p, like(p, "z", reference.z!), one.config),
      };
      for (const [name, value] of Object.entries(outputs)) p.output(name, value);
    });
    const found = await runOnce(engine, program, await one.weights(), picked(reference, "x", "noise", "z"));
    expectParity(engine, found, picked(reference, ...Object.keys(program.outputs)));
  });

  it.each(runsOf(/^loss-\d+x\d+$/))("%s: loss, all gradients", async (_, { one, file, engine }) => {
    const reference = one.read(file);
    const { x, noise } = one.read(file.replace("loss-", ""));
    const alone = Object.keys(reference).filter((name) => name.startsWith("grad_kl_only."));
    const program = traceWithGradients("vae-loss", (p) => {
      const { parts, loss } = vaeLoss(p, like(p, "x", x!), like(p, "noise", noise!), one.config, {
        perceptual: null,
        adversarialWeight: null,
      });
      const { l1, kl } = parts as { l1: Value; kl: Value };
      p.output("l1", l1);
      p.output("kl", kl);
      const few = alone.map((name) => p.read(name.slice("grad_kl_only.".length)));
      gradients(kl, few).forEach((gradient, i) => {
        p.output(alone[i]!, gradient);
      });
      return loss;
    });
    const weights = await one.weights();
    const found = await runOnce(engine, program, weights, { x: x!, noise: noise! });
    const gradient = gradientsOf(reference);
    expect(Object.keys(gradient)).toHaveLength(Object.keys(weights).length);
    // The softmax does not see a shift of the keys: the true gradient is 0.
    const blind = Object.keys(gradient).filter((name) => name.endsWith("to_k.bias"));
    const others = Object.keys(gradient).filter((name) => !blind.includes(name));
    expectParity(engine, found, picked(reference, "l1", "kl", "loss", ...others, ...alone));
    const most = Math.max(...Object.values(gradient).map(largest));
    for (const name of blind) expect(largest(found[name]!), name).toBeLessThan(1e-6 * most);
  });

  it.each(runsOf(/^posterior$/))("%s: clamps, sample, divergence", async (_, { one, file, engine }) => {
    const reference = one.read(file);
    const program = trace("posterior", (p) => {
      const posterior = posteriorOf(like(p, "moments", reference.moments!));
      p.output("mean", posterior.mean);
      p.output("logvar", posterior.logVariance);
      p.output("sample", samplePosterior(posterior, like(p, "noise", reference.noise!)));
      p.output("kl", divergenceFromNormal(posterior));
      p.output(
        "kl_mild",
        divergenceFromNormal(posteriorOf(like(p, "moments_mild", reference.moments_mild!))),
      );
    });
    const found = await runOnce(engine, program, {}, picked(reference, "moments", "moments_mild", "noise"));
    expectParity(engine, found, picked(reference, ...Object.keys(program.outputs)));
  });

  const renamed = cases.flatMap((one) =>
    one.files
      .filter((file) => /^weights-/.test(file))
      .map((file) => [`${one.name}: ${file}`, one, file] as const),
  );

  it.each(renamed)("%s: the same weights under other names", async (_, one, file) => {
    const [weights, same] = [await one.weights(), await one.weights(file)];
    expect(Object.keys(same)).toEqual(Object.keys(weights));
    for (const [name, { shape, data }] of Object.entries(same)) {
      expect(shape, name).toEqual(weights[name]!.shape);
      expect(Buffer.from(data.buffer).equals(Buffer.from(weights[name]!.data.buffer)), name).toBe(true);
    }
  });
});

interface Macs {
  readonly rows: Readonly<Record<string, { readonly encode: number; readonly decode: number }>>;
}

describe.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
  const { rows } = one.readJson("macs.json") as Macs;

  it.each(Object.entries(rows))(
    "multiply-accumulates: %s",
    (title, { encode: encoding, decode: decoding }) => {
      const [, net, height, width = height] = /^(.+)@(\d+)(?:x(\d+))?$/.exec(title)!;
      const config = net === "sd-vae" ? SD_VAE : one.config;
      const sides = [Number(height), Number(width)];
      const coarse = sides.map((side) => side / downsamplingOf(config));
      const encoder = trace("encoder", (p) => {
        p.output("moments", encode(p, p.input("x", [1, 3, ...sides]), config));
      });
      const decoder = trace("decoder", (p) => {
        p.output("image", decode(p, p.input("z", [1, config.latentChannels, ...coarse]), config));
      });
      expect([encoder.macs, decoder.macs]).toEqual([encoding, decoding]);
    },
  );

  it("has the parameters of the SD-VAE by name and shape", () => {
    const { shapes } = one.readJson("parameters-sd-vae.json") as { shapes: Record<string, number[]> };
    expect(
      Object.fromEntries(autoencoderStates(SD_VAE).map(({ name, value }) => [name, value.shape])),
    ).toEqual(shapes);
  });
});
