/** DiT against its released code: network, loss, gradients, training. */
import { describe, expect, it } from "vitest";
import {
  adamw,
  adamwInputs,
  add,
  cast,
  mean,
  type State,
  type Tensor,
  type Tensors,
  type Tracer,
  trace,
  type Value,
} from "../../harness/program/index.ts";
import { addNoise, diffusionLoss } from "../../plugins/models/latent/diffusion-loss.ts";
import {
  block,
  condition,
  dit,
  embedPatches,
  embedTime,
  timeFrequencies,
} from "../../plugins/models/latent/dit.ts";
import { asFloat, batchInputs, cases, type DitCase, largest, runsOf, withoutKeys } from "./dit.ts";
import { compileWith, type Engine, expectParity, float64, runOnce, traceWithGradients } from "./engines.ts";
import { column, like, picked } from "./epg.ts";

/** As `expectParity`, but the keys' part of qkv biases, truly without gradient, below a bound of its own. */
function expectSeen(engine: Engine, found: Tensors, reference: Tensors, keyBound: number): void {
  const apart = Object.entries(reference).map(([name, tensor]) => {
    expect(found[name], name).toBeDefined();
    return [name, withoutKeys(name, found[name]!), withoutKeys(name, tensor)] as const;
  });
  expectParity(
    engine,
    Object.fromEntries(apart.map(([name, own]) => [name, own.seen])),
    Object.fromEntries(apart.map(([name, , other]) => [name, other.seen])),
  );
  for (const [name, own, other] of apart)
    own.keys.forEach((value, i) => {
      expect(Math.abs(value - other.keys[i]!), name).toBeLessThan(keyBound);
    });
}

const isTrainable = ({ trainable }: State): boolean => trainable;

const BATCH = ["x_start", "noise", "t", "y"] as const;

/** The loss of each image, and its parts as outputs. */
function tracedLoss(p: Tracer, { config }: DitCase, batch: Tensors): Value {
  const [start, noise, t, y] = batchInputs(p, BATCH, batch);
  const noisy = addNoise(start, noise, t);
  const output = dit(p, noisy, cast(t, "float32"), y, config);
  const { squaredError, variationalBound, total } = diffusionLoss(output, start, noisy, noise, t);
  p.output("x_t", noisy);
  p.output("mse", squaredError);
  if (variationalBound) p.output("vb", variationalBound);
  p.output("loss_per_sample", total);
  return total;
}

describe.skipIf(cases.length === 0)("DiT (skipped where there are no cases)", () => {
  it.each(runsOf(/^forward$/))("%s: the network and its parts", async (_, { one, file, engine }) => {
    const { tensors: reference } = one.read(file);
    const { config } = one;
    const program = trace("dit", (p) => {
      const [x, y] = [like(p, "x", reference.x!), like(p, "y", reference.y!)];
      const t = p.input("t", reference.t!.shape);
      p.output("out", dit(p, x, t, y, config));
      const conditioning = condition(p, t, y, config);
      const tokens = add(embedPatches(p, x, config), p.read("pos_embed"));
      p.output("timestep_frequencies", timeFrequencies(t));
      p.output("t_embedding", embedTime(p, t, config.width));
      p.output("conditioning", conditioning);
      p.output("tokens", tokens);
      p.output("block0", block(p.scope("blocks.0."), tokens, conditioning, config.heads));
    });
    const inputs = { ...picked(reference, "x", "y"), t: asFloat(reference.t!) };
    const found = await runOnce(engine, program, await one.weights(), inputs);
    const { x, y, t, ...results } = reference;
    expectParity(engine, found, results);
  });

  it.each(runsOf(/^training_losses/))("%s: loss, gradients", async (_, { one, file, engine }) => {
    const { tensors: reference } = one.read(file);
    const program = traceWithGradients("dit-loss", (p) => mean(tracedLoss(p, one, reference)));
    const batch = picked(reference, ...BATCH);
    const found = await runOnce(engine, program, await one.weights(), batch);
    const results = Object.entries(reference).filter(([name]) => !(name in batch));
    const gradients = results.filter(([name]) => name.startsWith("grad."));
    // At t = 0 the likelihood of a bin is a difference of two numbers near each other.
    const loose = file.endsWith("-t0") && engine !== float64 ? { ...engine, tolerance: () => 1e-3 } : engine;
    const most = Math.max(...gradients.map(([, { data }]) => largest(data)));
    expectSeen(loose, found, Object.fromEntries(results), 1e-6 * most);
    if (!file.endsWith("-t0")) expect(gradients).toHaveLength(program.states.filter(isTrainable).length);
  });

  it.each(runsOf(/^train\d+$/))("%s: AdamW, averages", async (_, { one, file, engine }) => {
    const { tensors: reference, metadata } = one.read(file);
    const [from] = metadata.batch!.split(" ");
    const batch = picked(one.read(from!).tensors, ...BATCH);
    const setting = (name: string): number => {
      if (!(name in metadata)) throw new Error(`${one.name}: ${file} does not say ${name}`);
      return Number(metadata[name]);
    };
    const [beta1, beta2] = metadata.betas!.split(",").map(Number) as [number, number];
    const program = trace("train", (p) => {
      const loss = mean(tracedLoss(p, one, batch));
      p.output("loss", loss);
      const [epsilon, weightDecay] = [setting("eps"), setting("weight_decay")];
      adamw(p, loss, { beta1, beta2, epsilon, weightDecay, ema: true });
    });
    const executable = await compileWith(engine, program, await one.weights());
    const learningRate = setting("lr");
    const losses: number[] = [];
    for (let step = 0; step < reference.loss!.data.length; step++) {
      const rates = { learningRate, beta1, beta2, emaDecay: setting("ema") };
      const { loss } = await executable.run({ ...batch, ...adamwInputs({ step, ...rates }) });
      losses.push(loss!.data[0]!);
    }
    const state = await executable.readState();
    await executable.dispose();
    // Positions are not trained, and their average is themselves.
    const stateOf = (name: string): Tensor => state[name] ?? state[name.replace(/^ema\//, "")]!;
    const { loss: _loss, ...results } = reference;
    const found = Object.keys(results).map(
      (key) => [key, stateOf(key.replace(/^param\./, "").replace(/^ema\./, "ema/"))] as const,
    );
    expectParity(engine, { loss: column(losses) }, picked(reference, "loss"));
    // All that AdamW can move a number in these steps.
    expectSeen(engine, Object.fromEntries(found), results, losses.length * learningRate);
    expect(found.length).toBeGreaterThanOrEqual(2 * program.states.filter(isTrainable).length);
  });
});
