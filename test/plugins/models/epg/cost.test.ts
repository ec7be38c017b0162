/** What a step of the paper's sizes costs, in units of forward passes (method: arXiv 2510.12586, released code). */
import { expect, test } from "vitest";
import type { Stage } from "../../../../harness/plugin.ts";
import { trace } from "../../../../harness/program/index.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { project } from "../../../../plugins/models/epg/layers.ts";
import { network, representation } from "../../../../plugins/models/epg/network.ts";
import { type EpgInput, schema } from "../../../../plugins/models/epg/options.ts";
import { networkShape, projectorShape, type SizeName } from "../../../../plugins/models/epg/sizes.ts";

const task = { resolution: 256, classes: 1000 };

/** Multiply-accumulates of one image's forward pass. */
function forward(size: SizeName) {
  const shape = networkShape(size, task);
  const image = [1, 3, 256, 256];
  const encoder = trace("encoder", (p) => {
    const z = representation(p, shape, p.input("x", image), p.input("t", [1]));
    p.output("p", project(p, projectorShape(size), z, "running").output);
  });
  const whole = trace("network", (p) => {
    p.output("image", network(p, shape, p.input("x", image), p.input("t", [1]), p.input("y", [1], "int32")));
  });
  return { encoder: encoder.macs, network: whole.macs };
}

const stagesOf = (input: EpgInput): readonly Stage[] => model.stages(schema.parse(input) as never, task);
const perImage = ({ program, batchSize }: Stage): number => program.macs / batchSize;

test("pre-training: twelve encoder forwards an image", () => {
  const [pretraining] = stagesOf({ size: "XL/16" });
  expect(perImage(pretraining!) / forward("XL/16").encoder).toBeCloseTo(12, 0);
});

test("diffusion: three network forwards an image", () => {
  const [, diffusion] = stagesOf({ size: "XL/16" });
  expect(perImage(diffusion!) / forward("XL/16").network).toBeCloseTo(3, 1);
});

test("consistency: student 3 and teacher 1 network forwards, the frozen encoder 2 and 1 of its own", () => {
  const [, consistency] = stagesOf({ size: "L/16", objective: "consistency" });
  const { network: whole, encoder } = forward("L/16");
  expect(perImage(consistency!) / (4 * whole + 3 * encoder)).toBeCloseTo(1, 1);
});
