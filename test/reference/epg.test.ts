/**
 * The reference interpreter held against EPG's own numbers, which were computed in float64 elsewhere: network, loss
 * and every gradient. This holds gradient rules and the model's definition to 1e-9, where float32 could not.
 */
import { describe, expect, test } from "vitest";
import { gradients, type Tensor, type Tensors, trace } from "../../harness/program/index.ts";
import { denoisingLoss } from "../../plugins/models/epg/losses.ts";
import { network } from "../../plugins/models/epg/network.ts";
import { levelInputs } from "../../plugins/models/epg/pretraining.ts";
import { casePath, cases, readTensors, shapeOf } from "../plugins/models/epg/fixtures.ts";
import { relativeError } from "../plugins/models/epg/runner.ts";
import { interpret } from "./interpreter.ts";

const read = (name: string, file: string): Record<string, Tensor> => ({
  ...readTensors(casePath(name, `${file}.safetensors`)).tensors,
});

/** Values stored as float64 are known to 1e-9, those stored as float32 to 1e-6. */
function expectParity(found: Tensors, reference: Tensors, names: readonly string[]): void {
  for (const name of names) {
    const limit = reference[name]!.data instanceof Float64Array ? 1e-9 : 1e-6;
    expect(relativeError(found[name]!, reference[name]!), name).toBeLessThan(limit);
  }
}

describe.skipIf(cases.length === 0)("EPG in float64 (skipped where its reference numbers are absent)", () => {
  test.each(cases)("%s: the network", (name) => {
    const { x, t, y, out } = read(name, "forward") as Record<"x" | "t" | "y" | "out", Tensor>;
    const program = trace("forward", (p) => {
      const labels = p.input("y", y.shape, "int32");
      const shape = shapeOf(casePath(name, "config.json"));
      p.output("out", network(p, shape, p.input("x", x.shape), p.input("t", t.shape), labels));
    });
    expectParity(interpret(program, { x, t, y }, read(name, "weights")).outputs, { out }, ["out"]);
  });

  test.each(cases)("%s: the denoising loss and all gradients", (name) => {
    const reference = read(name, "denoise");
    const { x0, noise, y, sigma, weight } = reference as Record<string, Tensor>;
    const program = trace("denoise", (p) => {
      const { denoised, loss } = denoisingLoss(
        p,
        shapeOf(casePath(name, "config.json")),
        {
          x0: p.input("x0", x0!.shape),
          noise: p.input("noise", noise!.shape),
          labels: p.input("y", y!.shape, "int32"),
          level: levelInputs(p, "level", y!.shape[0]!),
        },
        p.input("weight", weight!.shape),
      );
      p.output("denoised", denoised);
      p.output("loss", loss);
      const parameters = p.parameters();
      const found = gradients(
        loss,
        parameters.map(({ value }) => value),
      );
      parameters.forEach((parameter, i) => {
        p.output(`grad.${parameter.name}`, found[i]!);
      });
    });
    const levelTime = { ...sigma!, data: Float64Array.from(sigma!.data, (value) => 250 * Math.log(value)) };
    const inputs = { x0: x0!, noise: noise!, y: y!, weight: weight!, levelSigma: sigma!, levelTime };
    const found = interpret(program, inputs, read(name, "weights")).outputs;
    const gradientNames = Object.keys(reference).filter((key) => key.startsWith("grad."));
    expect(gradientNames).toHaveLength(program.states.length);
    expectParity(found, reference, ["denoised", "loss", ...gradientNames]);
  });
});
