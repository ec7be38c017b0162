import { describe, expect, test } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import model from "../../../../plugins/models/epg/index.ts";
import { type EpgInput, type EpgOptions, schema } from "../../../../plugins/models/epg/options.ts";
import { denoiserProgram } from "../../../../plugins/models/epg/samplers/denoiser.ts";
import { networkShape, type SizeName } from "../../../../plugins/models/epg/sizes.ts";
import { autoguidance, epg, heun } from "../../../../plugins/models/factories.ts";

const options = (input: EpgInput = {}): EpgOptions => schema.parse(input);
const task = { resolution: 32, classes: 8 };

describe("stages", () => {
  test("pre-training, then fine-tuning from it; shares add to one", () => {
    for (const objective of ["diffusion", "consistency"] as const) {
      const stages = model.stages(options({ objective }), task);
      expect(stages.map(({ name }) => name)).toEqual(["pre-training", `${objective} fine-tuning`]);
      expect(stages[1]!.after).toEqual(["pre-training"]);
      expect(stages.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
      for (const { program } of stages) expect(program.outputs.loss!.shape).toEqual([]);
    }
  });

  test("both objectives share one pre-training program", () => {
    const [diffusion, consistency] = (["diffusion", "consistency"] as const).map((objective) => {
      const { program, identity } = model.stages(options({ objective }), task)[0]!;
      return { identity, nodes: program.nodes.length, states: program.states.map(({ name }) => name) };
    });
    expect(diffusion).toEqual(consistency);
  });

  test("pre-training bills twelve encoder forwards an image", () => {
    const encoderForwards = 12;
    const stage = model.stages(options(), task)[0]!;
    const decoderless = denoiserProgram({
      shape: { ...networkShape("tiny", task), decoderDepth: 0 },
      target: "x0",
      batchSize: stage.batchSize,
    });
    // The patch layer needs no gradient to the image, and the projector runs beside: within a tenth.
    expect(stage.program.macs / decoderless.macs / encoderForwards).toBeCloseTo(1, 0.7);
  });

  test("no pre-training: one stage that starts from its initialisers", () => {
    const stages = model.stages(options({ pretraining: { share: 0 } }), task);
    expect(stages.map(({ name, after }) => [name, after])).toEqual([["diffusion fine-tuning", []]]);
  });

  test("autoguidance trains its poor network before, from the same encoder where that fits", () => {
    const guided = (size?: SizeName) =>
      model.stages(options({ guidance: autoguidance({ scale: 2, share: 0.1, steps: 7, size }) }), {
        resolution: 32,
        classes: 0,
      });
    const [first, poor, last] = guided();
    expect([first, poor, last].map((stage) => stage!.name)).toEqual([
      "pre-training",
      "poor network",
      "diffusion fine-tuning",
    ]);
    expect(poor).toMatchObject({ after: ["pre-training"], steps: 7, share: 0.1 });
    expect(first!.share + poor!.share + last!.share).toBeCloseTo(1, 12);
    expect(poor!.program.parameters).toBe(last!.program.parameters);
    const larger = guided("small")[1]!;
    expect(larger.after).toEqual([]);
    expect(larger.program.parameters).toBeGreaterThan(last!.program.parameters);
  });

  test("an unconditional task has the row for no class alone", () => {
    const [, fineTuning] = model.stages(options(), { resolution: 32, classes: 0 });
    const table = fineTuning!.program.states.find(({ name }) => name === "class_embed.weight");
    expect(table!.value.shape[0]).toBe(1);
  });

  test("small sizes cut images into as many patches, but none below 8 px", () => {
    const patches = [16, 32, 64, 96].map(
      (resolution) => networkShape("tiny", { resolution, classes: 0 }).patch,
    );
    expect(patches).toEqual([8, 8, 8, 12]);
  });
});

describe("bad input", () => {
  test("a resolution the patch does not divide", () => {
    expect(() => model.stages(options({ size: "XL/16" }), { resolution: 100, classes: 0 })).toThrow(
      UserError,
    );
    expect(() => networkShape("tiny", { resolution: 30, classes: 0 })).toThrow(/resolution 30/);
  });

  test.each<[string, unknown]>([
    ["one step", { sampler: { kind: "heun", steps: 1 } }],
    ["no steps", { sampler: { kind: "euler", steps: 0 } }],
    ["an unknown solver", { sampler: { kind: "rk4", steps: 4 } }],
    ["an empty guidance interval", { guidance: { scale: 2, low: 1, high: 1 } }],
    ["a batch of one", { batchSize: 1 }],
    ["an unknown key", { patches: 4 }],
    ["an unknown size", { size: "huge" }],
  ])("%s", (_, input) => {
    expect(schema.safeParse(input).success).toBe(false);
  });

  test("guidance without classes, before anything trains", () => {
    const guided = options({ guidance: { scale: 2 } });
    expect(() => model.stages(guided, { resolution: 32, classes: 0 })).toThrow("guidance.scale is 2");
  });

  test.each<[string, EpgInput, string]>([
    [
      "that does not divide the batch",
      { pretraining: { share: 0 }, microBatch: 5 },
      "its parts must be equal",
    ],
    [
      "of the consistency objective",
      { objective: "consistency", microBatch: 8 },
      "consistency objective's contrastive loss",
    ],
    ["with pre-training", { microBatch: 8 }, "pre-training's contrastive loss and BatchNorm"],
  ])("a micro-batch %s", (_, input, message) => {
    expect(() => model.stages(options({ pretraining: { share: 0.3 }, ...input }), task)).toThrow(message);
  });

  test("a micro-batch of images that a loss compares, and names recomputation in its place", () => {
    const stages = (input: EpgInput) => model.stages(options(input), task);
    try {
      stages({ microBatch: 8 });
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).fix).toContain("use recompute: true in its place");
    }
    for (const { program } of stages({ recompute: true })) expect(program.recomputed.macs).toBeGreaterThan(0);
  });

  test("a poor network that leaves the network nothing to train with", () => {
    const guidance = autoguidance({ scale: 2, share: 0.68 });
    expect(() => model.stages(options({ guidance }), task)).toThrow("guidance.share is 0.68");
    expect(() => model.stages(options({ guidance, pretraining: { share: 0 } }), task)).not.toThrow();
  });
});

test("the factory's options parse", () => {
  expect(schema.safeParse(epg({ sampler: heun(16), guidance: { scale: 2.5 } }).options).success).toBe(true);
});

test("tiny says what it does otherwise, a published size as released says what it cannot do as released", () => {
  const sentences = model.deviations(options(), task);
  for (const part of ["pos_embed", "ln σ", "Batch 16", "weight average"])
    expect(
      sentences.filter((sentence) => sentence.includes(part)),
      part,
    ).toHaveLength(1);
  const released = options({ size: "XL/16", clamp: "released" });
  const cropped = "Views are cropped from images at the training resolution, not from the originals.";
  expect(model.deviations(released, { resolution: 256, classes: 1000 })).toEqual([cropped]);
});

test("deviations are of what runs: the options', where they differ from the size's", () => {
  const tuned = { batchSize: 7, learningRate: 5e-4, pretraining: { learningRate: 1e-5 } };
  expect(model.deviations(options(tuned), task).join(" ")).toContain(
    "Batch 7, learning rate 0.00001 in pre-training and 0.0005 in fine-tuning",
  );
  expect(
    model.deviations(options({ ...tuned, size: "XL/16", clamp: "released" }), {
      resolution: 256,
      classes: 1000,
    }),
  ).toEqual([
    "Batch 7, not 1024.",
    "Pre-training's learning rate is 0.00001, not 0.0002.",
    "Fine-tuning's learning rate is 0.0005, not 0.0001.",
    "Views are cropped from images at the training resolution, not from the originals.",
  ]);
  const statistics = (targetBatchNorm: "running" | "batch") =>
    model.deviations(options({ pretraining: { targetBatchNorm } }), task).join(" ");
  expect(statistics("running")).not.toContain("batch statistics");
  expect(statistics("batch")).toContain("batch statistics");
});
