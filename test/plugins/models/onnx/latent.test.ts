/** What `export onnx` writes of a latent entry, as an entry again: the images are those of the entry itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countingRuntime } from "../../../../harness/measure/counting.ts";
import type { Model, Stage, StageWeights } from "../../../../harness/plugin.ts";
import type { Tensors } from "../../../../harness/program/index.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { writeOnnx } from "../../../../harness/run/export-onnx.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import latent from "../../../../plugins/models/latent/index.ts";
import { type LatentInput, schema as latentSchema } from "../../../../plugins/models/latent/options.ts";
import model from "../../../../plugins/models/onnx/index.ts";
import { type OnnxInput, schema } from "../../../../plugins/models/onnx/options.ts";
import { compile } from "../latent/fixtures.ts";

const TASK = { resolution: 16, classes: 3 };
const folder = mkdtempSync(join(tmpdir(), "epg-bench-onnx-latent-"));
afterAll(() => rmSync(folder, { recursive: true }));
const context = { baseFolder: folder };
const LABELS = [2, -1, 0];
const streams = LABELS.map((_, k) => createStream(5, "sample", k));

/** As a stage hands them on, every number moved off its initialiser: a DiT begins by answering 0. */
function weightsOf(stage: Stage): Tensors {
  const random = createStream(1, stage.name);
  const handedOn = stage.result(initialState(stage.program, random));
  return Object.fromEntries(
    Object.entries(handedOn).map(([name, tensor]) => [
      name,
      { ...tensor, data: Float32Array.from(tensor.data, (value) => value + 0.05 * random.normal()) },
    ]),
  );
}

async function exported(objective: "diffusion" | "flow"): Promise<StageWeights> {
  const options = latentSchema.parse({ objective });
  const weights = Object.fromEntries(latent.stages(options, TASK).map((one) => [one.name, weightsOf(one)]));
  for (const [name, network] of Object.entries(latent.exported!(options, TASK, 2, weights))) {
    const own = weights[network.stage]!;
    const states = Object.fromEntries(network.program.states.map((one) => [one.name, own[one.name]!]));
    const metadata = { ...network.conventions };
    await writeOnnx(join(folder, `${objective}-${name}.onnx`), { network, weights: states, metadata }, 1000);
  }
  return weights;
}

const optionsOf = (objective: string, more: object = {}) =>
  schema.parse({
    file: `${objective}-denoiser.onnx`,
    latent: { decoder: `${objective}-decoder.onnx`, ...more },
  } satisfies OnnxInput);

async function sampledBy(of: Model, options: unknown, weights: StageWeights, runtime: unknown) {
  const sampler = await of.sampler(options as never, TASK, weights, runtime as never, LABELS.length, context);
  const images = await sampler.sample(streams, LABELS);
  const { description } = sampler;
  const calls = sampler.calls?.();
  await sampler.dispose();
  return { images, description, calls };
}

const all: Partial<Record<"diffusion" | "flow", StageWeights>> = {};
beforeAll(async () => {
  for (const objective of ["diffusion", "flow"] as const) all[objective] = await exported(objective);
});

describe("a latent model in two files", () => {
  it.each([
    ["diffusion", { sampler: { kind: "ddpm", steps: 3 }, guidance: { scale: 2, channels: 3 } }, 6],
    [
      "diffusion",
      { sampler: { kind: "heun", steps: 3 }, guidance: { scale: 1.5, low: 0.1, high: 5, channels: 4 } },
      null,
    ],
    ["flow", { sampler: { kind: "odeHeun", steps: 2 }, guidance: { scale: 1, channels: 4 } }, 4],
    ["flow", { sampler: { kind: "sde", steps: 3 }, guidance: { scale: 1, channels: 4 } }, 3],
  ] satisfies [keyof typeof all, LatentInput, number | null][])(
    "makes the entry's own images: %s %j",
    async (objective, settings, calls) => {
      const runtime = countingRuntime({ compile });
      const own = latentSchema.parse({ objective, ...settings });
      const ours = await sampledBy(latent as unknown as Model, own, all[objective]!, runtime);
      const of = optionsOf(objective, settings);
      // Three images through files that take two a call.
      const found = await sampledBy(model as Model, of, {}, null);
      const worst = found.images.reduce((most, one, i) => Math.max(most, Math.abs(one - ours.images[i]!)), 0);
      expect(worst).toBeLessThanOrEqual(1);
      expect(new Set(found.images).size).toBeGreaterThan(20);
      expect(found.description).toMatchObject(ours.description);
      const { network, decoder } = runtime.tallies;
      if (calls !== null) expect(network.calls).toBe(calls);
      expect(found.calls).toEqual({ value: network.calls, by: "counted" });
      expect(await model.elsewhere!(of, TASK, context)).toMatchObject({
        calls: { value: network.calls },
        parameters: { value: network.parameters + decoder.parameters },
        // Of three images, by the entry's own counting.
        macs: { value: (network.macs + decoder.macs) / 3, by: "reported" },
        decoder: {
          calls: { value: 1, by: "counted" },
          macs: { value: decoder.macs / 3, by: "reported" },
          parameters: { value: decoder.parameters, by: "counted" },
        },
      });
    },
    60_000,
  );

  it("is sampled again as the entry itself is", async () => {
    for (const guidance of [null, 2]) {
      const terms = { calls: 15, guidance };
      const settings = await latent.resampled!(latentSchema.parse({}), TASK, terms, context);
      const again = await model.resampled!(optionsOf("diffusion"), TASK, terms, context);
      expect(again).toEqual({ latent: { decoder: "diffusion-decoder.onnx", ...(settings as object) } });
    }
    expect(
      await model.elsewhere!(optionsOf("flow", { sampler: { kind: "dopri5" } }), TASK, context),
    ).toMatchObject({
      calls: null,
      macs: null,
      decoder: { calls: { value: 1 }, macs: { by: "reported" } },
    });
    // A declared number is of both, and nobody tells the parts.
    const declared = { ...optionsOf("flow", { sampler: { kind: "odeEuler", steps: 2 } }), macs: 7 };
    expect(await model.elsewhere!(declared, TASK, context)).toMatchObject({
      macs: { value: 7, by: "declared" },
      decoder: { macs: null },
    });
  });

  it.each<[string, OnnxInput, RegExp]>([
    [
      "the decoder's file in the denoiser's place",
      { file: "flow-decoder.onnx", latent: { decoder: "flow-decoder.onnx" } },
      /it has no x that is float32/,
    ],
    [
      "the files of two entries",
      { file: "flow-denoiser.onnx", latent: { decoder: "diffusion-decoder.onnx" } },
      /it does not tell objective as the other file must/,
    ],
    [
      "a sampler of the other objective",
      {
        file: "flow-denoiser.onnx",
        latent: { decoder: "flow-decoder.onnx", sampler: { kind: "ddim", steps: 3 } },
      },
      /^latent\.sampler: ddim samples from/,
    ],
    ["no file", { file: "flow-denoiser.onnx", latent: { decoder: "gone.onnx" } }, /no file .*gone\.onnx/],
  ])("refuses %s", async (_, input, message) => {
    await expect(model.identity!(schema.parse(input), TASK, context)).rejects.toThrow(message);
  });

  it("refuses data of other classes or another size, and what it would not read", async () => {
    const of = optionsOf("flow");
    await expect(model.identity!(of, { ...TASK, classes: 5 }, context)).rejects.toThrow(/knows 3 classes/);
    await expect(model.identity!(of, { ...TASK, resolution: 32 }, context)).rejects.toThrow(
      /has no images of float32 \[2, 3, 32, 32\]/,
    );
    const surplus = { ...of, range: [-1, 1], inputs: { x: "y" } };
    expect(schema.safeParse(surplus).error!.issues.map(({ path }) => path)).toEqual([["range"], ["inputs"]]);
  });
});
