import { describe, expect, it } from "vitest";
import {
  acrossRanks,
  adamw,
  adamwInputs,
  add,
  batchInputs,
  batchNorm,
  broadcastTo,
  constant,
  logSumExp,
  matmul,
  mean,
  microBatches,
  mixedPrecision,
  mul,
  type Program,
  type RankOptions,
  sizeOf,
  square,
  sub,
  type Tensors,
  trace,
  zeros,
} from "../../../../harness/program/index.ts";
import epg from "../../../../plugins/models/epg/index.ts";
import latent from "../../../../plugins/models/latent/index.ts";
import { CASES, OP_NAMES } from "../../../conformance/ops.ts";
import { caseProgram, floats, inputsOf, uniforms } from "../../../conformance/ops-case.ts";
import { distance, gradientProgram, isDifferentiable } from "../../../conformance/ops-checks.ts";
import { interpret } from "../../../reference/interpreter.ts";
import { runAcross } from "./across-ranks.ts";

const count = (program: Program, ...names: string[]): number =>
  program.nodes.filter(({ op }) => names.includes(op.name)).length;

const B = 8;

function expectSame(
  program: Program,
  world: number,
  inputs: Tensors,
  state: Tensors = {},
  options: RankOptions = { shardOptimiser: false, inputs: batchInputs({ ...program, batch: B }) },
): Program {
  const alone = interpret(program, inputs, state);
  const across = runAcross(program, world, inputs, state, options);
  for (const part of ["outputs", "state"] as const) {
    expect(Object.keys(across[part]).toSorted()).toEqual(Object.keys(alone[part]).toSorted());
    for (const [name, { data, shape }] of Object.entries(alone[part])) {
      expect(across[part][name]!.shape, name).toEqual(shape);
      expect(distance(across[part][name]!.data, data), `${part} ${name}`).toBeLessThan(1e-12);
    }
  }
  return across.program;
}

/** Every input cut along each of its axes that two ranks divide, by itself, and all along their first. */
function cutsOf({ inputs }: Program): Record<string, number>[] {
  const single = Object.entries(inputs).flatMap(([name, { shape }]) =>
    shape.flatMap((side, axis) => (side % 2 === 0 ? [{ [name]: axis }] : [])),
  );
  const firsts = single.filter((cut) => Object.values(cut)[0] === 0);
  return [...single, Object.assign({}, ...firsts)];
}

describe("every operation, with its gradient, on two ranks", () => {
  it.each(OP_NAMES)("%s", (name) => {
    for (const testCase of CASES[name]) {
      const program = isDifferentiable(testCase) ? gradientProgram(testCase) : caseProgram(testCase);
      for (const inputs of cutsOf(program))
        expectSame(program, 2, inputsOf(testCase), {}, { shardOptimiser: false, inputs });
    }
  });
});

const D = 68;

/** Two layers, batch statistics between, a contrastive loss over them and a term an image; AdamW with clipping and averages. */
const coupled = trace("coupled", (p) => {
  const x = p.input("x", [B, D]);
  const w1 = p.parameter("w1", [D, D], zeros);
  const shift = p.parameter("shift", [D], zeros);
  const running = p.state("running", [D], zeros);
  const { y, mean: mu } = batchNorm(
    matmul(x, w1, { transposeB: true }),
    shift,
    broadcastTo(constant(1), [D]),
  );
  p.update("running", add(mul(running, 0.9), mul(mu, 0.1)));
  const contrast = sub(logSumExp(matmul(y, x, { transposeB: true })), mean(mul(y, x), [1]));
  const both = logSumExp(matmul(y, square(y), { transposeB: true }));
  const loss = mean(add(add(contrast, both), mul(p.input("weight", [B]), mean(square(y), [1]))));
  p.output("loss", loss);
  p.output("each", contrast);
  adamw(p, loss, { beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clip: true, ema: true });
});
const stateOf = ({ states }: Program, seed = 1): Tensors =>
  Object.fromEntries(
    states.map(({ name, value: { shape } }, i) => {
      const data = uniforms(sizeOf(shape), seed + i).map((u) => (name.startsWith("adam.v") ? u : u - 0.5));
      return [name, { dtype: "float32", shape, data }];
    }),
  );
const inputsAt0: Tensors = {
  x: floats([B, D]),
  weight: floats([B], 0, 1),
  ...adamwInputs({ step: 0, learningRate: 1e-3, beta1: 0.9, beta2: 0.99, clip: 0.01, emaDecay: 0.9 }),
};

it("in micro-batches, each of which is cut: one process's results", () => {
  const accumulated = trace("accumulated", (p) => {
    const { loss, gradients } = microBatches(p, B, 4, (part) => {
      const w = part.parameter("w", [D, D], zeros);
      return { loss: mean(square(matmul(part.input("x", [4, D]), w))) };
    });
    p.output("loss", loss);
    adamw(p, loss, { beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clip: true, ema: true, gradients });
  });
  const { weight: _, ...inputs } = inputsAt0;
  for (const shardOptimiser of [false, true]) {
    expectSame(accumulated, 2, inputs, stateOf(accumulated), {
      shardOptimiser,
      inputs: batchInputs({ ...accumulated, batch: B }),
    });
  }
});

it("in bfloat16 ranks add up in float32", () => {
  const { program } = acrossRanks(mixedPrecision(coupled), 2, {
    shardOptimiser: true,
    inputs: batchInputs({ ...coupled, batch: B }),
  });
  expect(program.nodes.some(({ outputs: [y] }) => y!.dtype === "bfloat16")).toBe(true);
  const sums = program.nodes.filter(({ op }) => /allReduce|reduceScatter/.test(op.name));
  expect(sums.length).toBeGreaterThan(0);
  for (const { inputs } of sums) expect(inputs[0]!.dtype).toBe("float32");
});

describe.each([2, 4])("a training step on %i ranks", (world) => {
  it("has the loss, the norm, the statistics and the weights of one process", () => {
    const program = expectSame(coupled, world, inputsAt0, stateOf(coupled));
    expect(count(program, "reduceScatter")).toBeGreaterThan(0);
  });

  it("with the optimiser's state cut, too: gradients reach the rank that needs them, weights all", () => {
    const options = { shardOptimiser: true, inputs: batchInputs({ ...coupled, batch: B }) };
    const program = expectSame(coupled, world, inputsAt0, stateOf(coupled), options);
    const { states } = acrossRanks(coupled, world, options);
    expect([...states].toSorted()).toEqual(["adam.m/w1", "adam.v/w1", "ema/w1"]);
    expect(program.states.find(({ name }) => name === "adam.m/w1")!.value.shape).toEqual([D / world, D]);
  });
});

const stagesOf = (
  model: typeof epg | typeof latent,
  options: unknown,
): readonly (readonly [string, Program])[] =>
  model
    .stages(model.schema.parse(options) as never, { resolution: 64, classes: 4 })
    .map(({ name, program }) => [name, program] as const);

describe("shares the work evenly", () => {
  const stages = [
    ...stagesOf(epg, { size: "tiny", batchSize: 8 }),
    ...stagesOf(epg, { size: "tiny", objective: "consistency", batchSize: 8 }).slice(1),
    ...stagesOf(epg, { size: "tiny", batchSize: 8, recompute: true }),
    ...stagesOf(latent, { size: "tiny", vae: { batchSize: 8, adversarial: {} }, dit: { batchSize: 8 } }),
    ...[
      ...stagesOf(epg, { size: "tiny", batchSize: 8, microBatch: 4, pretraining: { share: 0 } }),
      ...stagesOf(latent, { size: "tiny", vae: { batchSize: 8 }, dit: { batchSize: 8 }, microBatch: 4 }),
    ].map(([name, program]) => [`${name} in micro-batches`, program] as const),
  ];
  it("knows five stages, two of them recomputing and three in micro-batches too", () =>
    expect(stages.map(([name]) => name)).toHaveLength(10));

  it.each(stages)("%s", (_, program) => {
    for (const shardOptimiser of [false, true]) {
      const cut = acrossRanks(program, 4, { shardOptimiser, inputs: batchInputs({ ...program, batch: 8 }) });
      // Every rank takes all steps of the contrastive loss's gathered side.
      expect((4 * cut.program.macs) / program.macs).toBeLessThan(1.02);
      expect(cut.program.states.filter(({ name }) => cut.states.has(name)).length > 0).toBe(shardOptimiser);
      // One sum a large gradient, one for all the small ones, and a few for statistics and losses.
      const gradients = program.states.filter(({ name }) => name.startsWith("adam.m/")).length;
      expect(count(cut.program, "allReduce", "reduceScatter")).toBeLessThan(gradients + 60);
      expect(count(cut.program, "allReduce", "reduceScatter")).toBeGreaterThanOrEqual(gradients);
    }
  });
});
