import { describe, expect, it } from "vitest";
import { gradients, type Tensors, trace, type Value } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import {
  type AutoencoderConfig,
  decode,
  encode,
  posteriorOf,
  samplePosterior,
} from "../../../../plugins/models/latent/autoencoder.ts";
import { judge, SMALLEST_JUDGED } from "../../../../plugins/models/latent/discriminator.ts";
import { PERCEPTUAL_NETS } from "../../../../plugins/models/latent/perceptual-nets.ts";
import { normalTensor } from "../../../../plugins/models/latent/training.ts";
import { PERCEPTUAL_SCOPE, vaeLoss } from "../../../../plugins/models/latent/vae-loss.ts";
import { runOnce } from "./fixtures.ts";

const config: AutoencoderConfig = { channels: [4, 8], blocks: 1, groups: 2, latentChannels: 2 };
const random = createStream(0, "vae-loss");
const images = normalTensor(random.stream("images"), [2, 3, 32, 32]);
const noise = normalTensor(random.stream("noise"), [2, 2, 16, 16]);

describe("the discriminator", () => {
  const judged = (side: number) =>
    trace("judge", (p) => {
      p.output("patches", judge(p, p.input("x", [1, 3, side, side])));
    });

  it("has the published PatchGAN's 2,765,633 parameters and 30×30 patches at 256 px", () => {
    const { parameters, outputs, states } = judged(256);
    expect(parameters).toBe(2_765_633);
    expect(outputs.patches!.shape).toEqual([1, 1, 30, 30]);
    expect(states.map(({ name }) => name).filter((name) => name.endsWith("weight"))).toEqual(
      [0, 2, 3, 5, 6, 8, 9, 11].map((index) => `main.${index}.weight`),
    );
  });

  it("judges nothing smaller than it says", () => {
    expect(judged(SMALLEST_JUDGED).outputs.patches!.shape).toEqual([1, 1, 1, 1]);
    expect(() => judged(SMALLEST_JUDGED - 1)).toThrow();
  });
});

const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
const meanOf = (values: ArrayLike<number>, of: (value: number) => number): number =>
  Array.from(values).reduce((sum, value) => sum + of(value), 0) / values.length;

/** The loss with gradients of its parts at one of the encoder's, the decoder's last and one of the discriminator's weights. */
async function played(active: 0 | 1) {
  const watched = ["encoder.conv_in.weight", "decoder.conv_out.weight", "loss.discriminator.main.5.weight"];
  const program = trace("loss", (p) => {
    const x = p.input("images", images.shape);
    const given = p.input("noise", noise.shape);
    const { parts, loss, total } = vaeLoss(p, x, given, config, {
      perceptual: null,
      adversarialWeight: 0.5,
    });
    for (const [name, value] of Object.entries({ ...parts, loss, total })) p.output(name, value);
    const sample = samplePosterior(posteriorOf(encode(p, x, config)), given);
    const own = p.scope("loss.discriminator.");
    p.output("real", judge(own, x));
    p.output("fake", judge(own, decode(p, sample, config)));
    const { l1, generator, discriminator } = parts as Record<"l1" | "generator" | "discriminator", Value>;
    for (const [name, value] of Object.entries({ l1, generator, discriminator, loss, total }))
      gradients(
        value,
        watched.map((one) => p.read(one)),
      ).forEach((gradient, i) => {
        p.output(`${name} at ${watched[i]}`, gradient);
      });
  });
  const state = initialState(program, createStream(1));
  const adversarial = { dtype: "float32", shape: [], data: Float32Array.of(active) } as const;
  const found = await runOnce(program, state, { images, noise, adversarial });
  const at = (name: string, k: number): ArrayLike<number> => found[`${name} at ${watched[k]}`]!.data;
  return { found, at, value: (name: string): number => found[name]!.data[0]! };
}

function expectSum(total: ArrayLike<number>, parts: readonly (readonly [number, ArrayLike<number>])[]): void {
  const expected = Array.from(total, (_, i) =>
    parts.reduce((sum, [factor, part]) => sum + factor * part[i]!, 0),
  );
  const apart = expected.map((value, i) => value - total[i]!);
  expect(norm(apart)).toBeLessThan(1e-4 * norm(expected) + 1e-12);
}

describe("the adversarial loss", () => {
  it("is the hinge for the discriminator, and for the autoencoder as strong as its reconstruction", async () => {
    const { found, at, value } = await played(1);
    const [real, fake] = [found.real!.data, found.fake!.data];
    const hinge = (meanOf(real, (x) => Math.max(0, 1 - x)) + meanOf(fake, (x) => Math.max(0, 1 + x))) / 2;
    expect(value("discriminator")).toBeCloseTo(hinge, 5);
    expect(value("generator")).toBeCloseTo(-meanOf(fake, (x) => x), 5);
    const weight = 0.5 * Math.min(1e4, norm(at("l1", 1)) / (norm(at("generator", 1)) + 1e-4));
    expect(value("weight") / weight).toBeCloseTo(1, 4);
    for (const k of [0, 1])
      expectSum(at("total", k), [
        [1, at("loss", k)],
        [weight, at("generator", k)],
      ]);
    expect(norm(at("discriminator", 2))).toBeGreaterThan(0);
    expectSum(at("total", 2), [[1, at("discriminator", 2)]]);
    expect(norm(at("discriminator", 0))).toBe(0);
  });

  it("does nothing before it counts", async () => {
    const { at, value } = await played(0);
    expect(value("total")).toBe(value("loss"));
    for (const k of [0, 1]) expectSum(at("total", k), [[1, at("loss", k)]]);
    expect(norm(at("total", 2))).toBe(0);
  });
});

describe("the perceptual loss", () => {
  it("counts its weight a number of the image, and nothing of it is trained", async () => {
    const program = trace("loss", (p) => {
      const objective = { perceptual: { net: PERCEPTUAL_NETS.vgg, weight: 2 }, adversarialWeight: null };
      const { parts, loss } = vaeLoss(
        p,
        p.input("images", images.shape),
        p.input("noise", noise.shape),
        config,
        objective,
      );
      for (const [name, value] of Object.entries({ ...parts, loss })) p.output(name, value);
    });
    const fixed = program.states.filter(({ name }) => name.startsWith(PERCEPTUAL_SCOPE));
    expect(fixed.reduce((sum, { value }) => sum + value.shape.reduce((a, b) => a * b, 1), 0)).toBe(
      14_714_688 + 1472,
    );
    expect(fixed.some(({ trainable }) => trainable)).toBe(false);
    const ramp = (size: number) =>
      Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 101) / 1000 - 0.045);
    const given: Tensors = Object.fromEntries(
      fixed.map(({ name, value: { shape } }) => [
        name,
        { dtype: "float32", shape, data: ramp(shape.reduce((a, b) => a * b, 1)) },
      ]),
    );
    const { loss, l1, kl, lpips } = await runOnce(program, initialState(program, createStream(1), given), {
      images,
      noise,
    });
    const value = ({ data }: { data: ArrayLike<number> }): number => data[0]!;
    expect(value(lpips!)).not.toBe(0);
    expect(value(loss!) / (value(l1!) + 2 * 3072 * value(lpips!) + 1e-6 * value(kl!))).toBeCloseTo(1, 5);
  });
});
