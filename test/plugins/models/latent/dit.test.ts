/** Published costs; what the network, its loss and DDPM do where no variance is learned. */
import { describe, expect, it, test } from "vitest";
import { constant, mean, trace } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { diffusionLoss } from "../../../../plugins/models/latent/diffusion-loss.ts";
import { ditStep } from "../../../../plugins/models/latent/dit-stage.ts";
import { networkProgram } from "../../../../plugins/models/latent/sampler.ts";
import { ditFor, type SizeName } from "../../../../plugins/models/latent/sizes.ts";
import { int32Tensor } from "../../../../plugins/models/latent/training.ts";
import { denoise, type Numbers } from "../../../../plugins/models/solvers/latent/denoise.ts";
import { respacedSchedule, spaceTimesteps } from "../../../../plugins/models/solvers/latent/schedule.ts";
import { runOnce } from "./fixtures.ts";

/** Table 4 of arXiv:2212.09748, which means multiply-accumulates, at 256 px; at 512 px the README's. */
test.each<[SizeName, number, number]>([
  ["DiT-S/2", 256, 6.06],
  ["DiT-S/4", 256, 1.41],
  ["DiT-S/8", 256, 0.36],
  ["DiT-B/2", 256, 23.01],
  ["DiT-B/4", 256, 5.56],
  ["DiT-B/8", 256, 1.42],
  ["DiT-L/2", 256, 80.71],
  ["DiT-L/4", 256, 19.7],
  ["DiT-L/8", 256, 5.01],
  ["DiT-XL/2", 256, 118.64],
  ["DiT-XL/4", 256, 29.05],
  ["DiT-XL/8", 256, 7.39],
  ["DiT-XL/2", 512, 524.6],
])("%s at %d px: %d GMACs", (size, resolution, published) => {
  const { macs } = networkProgram(ditFor(size, { resolution, classes: 1000 }), 1);
  expect(Math.abs(macs / 1e9 - published)).toBeLessThan(0.02 + 2e-4 * published);
});

test("a training step costs about three forward passes", () => {
  const config = ditFor("tiny", { resolution: 32, classes: 10 });
  const ratio = ditStep(config, 8).macs / networkProgram(config, 8).macs;
  expect(ratio).toBeGreaterThan(2.5);
  expect(ratio).toBeLessThan(3);
});

describe("a network that predicts the noise alone", () => {
  const config = { ...ditFor("tiny", { resolution: 16, classes: 2 }), outputChannels: 4 };

  it("is trained by the squared error alone", async () => {
    const program = trace("loss", (p) => {
      const shape = [2, 4, 2, 2];
      const [noise, output] = [p.input("noise", shape), p.input("output", shape)];
      const loss = diffusionLoss(output, noise, noise, noise, constant(int32Tensor([0, 1])));
      expect(loss.variationalBound).toBeNull();
      p.output("loss", mean(loss.total));
    });
    const numbers = (value: number) =>
      ({ dtype: "float32", shape: [2, 4, 2, 2], data: new Float32Array(32).fill(value) }) as const;
    const inputs = { noise: numbers(3), output: numbers(5) };
    expect((await runOnce(program, {}, inputs)).loss!.data[0]).toBe(4);
  });

  it("costs less by the variance's part of its last layer", () => {
    const [alone, both] = [config, { ...config, outputChannels: 8 }].map((one) => networkProgram(one, 1));
    expect(alone!.outputs.out!.shape).toEqual([1, 4, config.side, config.side]);
    expect(both!.macs - alone!.macs).toBe((config.side / 2) ** 2 * config.width * 16);
  });

  it.each(["ddpm", "ddim"] as const)("is sampled by %s as if β were what it learned", async (solver) => {
    const schedule = respacedSchedule(spaceTimesteps([4]));
    const [images, size] = [2, 4];
    const noise = (step: number): Float32Array => {
      const data = new Float32Array(images * size);
      createStream(step, "noise").fillNormal(data);
      return data;
    };
    /** Noise from where the latents are; `variance` between β̃ (−1) and β (1), null: none predicted. */
    const sampled = async (variance: number | null): Promise<Numbers> => {
      const predict = async (x: Numbers): Promise<Numbers> => {
        const each = Array.from({ length: images }, (_, n) => {
          const epsilon = Array.from(x.subarray(n * size, (n + 1) * size), (value) => Math.tanh(value));
          return variance === null ? epsilon : [...epsilon, ...epsilon.map(() => variance)];
        });
        return Float64Array.from(each.flat());
      };
      let last: Numbers = Float64Array.from(noise(9));
      for await (const x of denoise(predict, schedule, solver, last, size, noise)) last = x;
      return last;
    };
    expect(await sampled(null)).toEqual(await sampled(1));
    if (solver === "ddpm") expect(await sampled(null)).not.toEqual(await sampled(-1));
  });
});
