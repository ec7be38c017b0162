/** Both halves of a latent model out into a file and back. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recogniseTensors } from "../../../../harness/config/plugins.ts";
import { type NamedArrays, writeSafetensorsFile } from "../../../../harness/formats/safetensors.ts";
import { createStream } from "../../../../harness/random/index.ts";
import { initialState } from "../../../../harness/run/initial-state.ts";
import model from "../../../../plugins/models/latent/index.ts";

const task = { resolution: 32, classes: 2 };
const parse = (options: unknown) => model.schema.parse(options) as never;
const options = parse({ size: "tiny" });
const folder = mkdtempSync(join(tmpdir(), "epg-bench-latent-"));

/** What untrained stages would hand on, numbers of the DiT's zeros among it. */
const weights = Object.fromEntries(
  model
    .stages(options, task)
    .map(({ name, program, result }) => [name, result(initialState(program, createStream(0, name), {}))]),
);
const tensors = model.stateDict!(weights) as NamedArrays;

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.prototype.every.call(a, (value, i) => value === b[i]);

const open = (file: string, classes = task.classes, stage = "VAE") =>
  model.pretrained!(parse({ size: "tiny", weights: file }))
    .find((half) => half.stage === stage)!
    .open(join(folder, file), { ...task, classes });

describe("a latent model's file", () => {
  it("gives back what the stages handed on", async () => {
    await writeSafetensorsFile(join(folder, "whole.safetensors"), tensors);
    for (const stage of ["VAE", "DiT"]) {
      const { read, close } = await open("whole.safetensors", task.classes, stage);
      const found = await read();
      await close();
      expect(Object.keys(found).sort()).toEqual(Object.keys(weights[stage]!).sort());
      for (const [name, { data }] of Object.entries(weights[stage]!))
        expect(same(found[name]!.data, data), name).toBe(true);
    }
  });

  it("is recognised, both halves of it, as averages", async () => {
    const shapes = new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
    const parts = await recogniseTensors({ path: "whole.safetensors", shapes, metadata: new Map() });
    const whole = { role: "ema", missing: [], surplus: [], misshapen: [] };
    expect(parts).toMatchObject([
      { family: "DiT", prefix: "dit_ema/", ...whole },
      { family: "AutoencoderKL", prefix: "vae_ema/", ...whole },
    ]);
  });

  it("is refused by name where it is another's", async () => {
    await expect(open("whole.safetensors", 7)).rejects.toThrow(
      /of another size: dit_ema\/y_embedder\.embedding_table\.weight is \[3, 192\], latent tiny .* has \[8, 192\]/,
    );
    const { latent_scale: _, ...unscaled } = tensors;
    await writeSafetensorsFile(join(folder, "unscaled.safetensors"), unscaled);
    await expect(open("unscaled.safetensors")).rejects.toThrow(/lacks 1 tensors of .*: latent_scale/);
    await writeSafetensorsFile(join(folder, "more.safetensors"), {
      ...tensors,
      extra: tensors.latent_scale!,
    });
    await expect(open("more.safetensors")).rejects.toThrow(/has 1 tensors that .* has not: extra/);
  });

  it("of a SiT is refused for a DiT, and the other way round, by what each was trained for", async () => {
    const flow = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name.replace("dit_ema/", "sit_ema/"), tensor]),
    );
    await writeSafetensorsFile(join(folder, "flow.safetensors"), flow);
    const openAs = (objective: string, file: string) =>
      model.pretrained!(parse({ size: "tiny", objective, weights: file }))[1]!.open(join(folder, file), task);
    await expect(openAs("diffusion", "flow.safetensors")).rejects.toThrow(
      /holds a SiT, trained for objective "flow" \(sit_ema\/…\); the entry's objective is "diffusion"/,
    );
    await expect(openAs("flow", "whole.safetensors")).rejects.toThrow(
      /holds a DiT, trained for objective "diffusion"/,
    );
    const { read, close } = await openAs("flow", "flow.safetensors");
    expect(Object.keys(await read())).toContain("latent_scale");
    await close();
    const shapes = new Map(Object.entries(flow).map(([name, { shape }]) => [name, shape]));
    const [network] = await recogniseTensors({ path: "flow.safetensors", shapes, metadata: new Map() });
    expect(network).toMatchObject({ family: "SiT", prefix: "sit_ema/", role: "ema" });
  });

  it("has networks whose states are in what the stages handed on", () => {
    const networks = model.exported!(options, task, 2, weights);
    expect(Object.keys(networks)).toEqual(["denoiser", "decoder"]);
    for (const { program, stage } of Object.values(networks))
      for (const { name, value } of program.states)
        expect(weights[stage]![name]!.shape, name).toEqual(value.shape);
  });
});
