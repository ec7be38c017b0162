import { describe, expect, it } from "vitest";
import { adamw, adamwInputs, type Tensor, trace } from "../../harness/program/index.ts";
import { compileWith, type Engine, expectParity } from "./engines.ts";
import { column, picked, runsOf } from "./epg.ts";
import { denoisingInputs, tracedDenoisingLoss } from "./epg-denoising.ts";

const runs = runsOf(/^train\d+$/);

const largest = ({ data }: Tensor): number =>
  Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * AdamW divides a gradient by its own size, so where the true value is too near zero for the engine to tell, rounding
 * decides the direction of a whole step. Those elements are bounded absolutely, by the learning rate; all others as
 * any tensor is.
 * @param travel the furthest that all steps together can move an element
 */
function expectUpdated(
  engine: Engine,
  [found, reference, gradient]: readonly [Tensor, Tensor, Tensor],
  { key, learningRate, travel }: { key: string; learningRate: number; travel: number },
): void {
  const bound = engine.tolerance(reference) * largest(reference);
  const nearZero = (travel * engine.rounding * largest(gradient)) / bound;
  let [worst, amplified] = [0, 0];
  reference.data.forEach((value, i) => {
    const difference = Math.abs(found.data[i]! - value);
    if (Math.abs(gradient.data[i]!) >= nearZero) worst = Math.max(worst, difference);
    else amplified = Math.max(amplified, difference);
  });
  expect(worst, key).toBeLessThan(bound);
  expect(amplified, key).toBeLessThan(learningRate);
}

describe.skipIf(runs.length === 0)("AdamW on EPG (skipped where there are no cases)", () => {
  it.each(runs)("%s: losses, norms, parameters, averages", async (_, { one, file, engine }) => {
    const { tensors: reference, metadata } = one.read(file);
    const batch = one.read("denoise").tensors;
    const setting = (name: string): number => {
      if (!(name in metadata)) throw new Error(`${one.name}: ${file} does not say ${name}`);
      return Number(metadata[name]);
    };
    const learningRate = setting("lr");
    const [beta1, beta2] = metadata.betas!.split(",").map(Number) as [number, number];
    const program = trace("train", (p) => {
      const { loss } = tracedDenoisingLoss(p, one.shape, batch);
      p.output("loss", loss);
      const [epsilon, weightDecay] = [setting("eps"), setting("weight_decay")];
      adamw(p, loss, { beta1, beta2, epsilon, weightDecay, clip: true, ema: true });
    });
    const executable = await compileWith(engine, program, one.weights());
    const steps = reference.loss!.data.length;
    const found: Record<"loss" | "grad_norm", number[]> = { loss: [], grad_norm: [] };
    for (let step = 0; step < steps; step++) {
      const rates = { learningRate, beta1, beta2, clip: setting("clip"), emaDecay: setting("ema") };
      const inputs = { ...denoisingInputs(batch), ...adamwInputs({ step, ...rates }) };
      const { loss, gradientNorm } = await executable.run(inputs);
      found.loss.push(loss!.data[0]!);
      found.grad_norm.push(gradientNorm!.data[0]!);
    }
    const state = await executable.readState();
    await executable.dispose();
    const curves = { loss: column(found.loss), grad_norm: column(found.grad_norm) };
    expectParity(engine, curves, picked(reference, "loss", "grad_norm"));

    for (const { name } of program.states.filter(({ trainable }) => trainable))
      for (const [key, updated] of [
        [`param.${name}`, state[name]!],
        [`ema.${name}`, state[`ema/${name}`]!],
      ] as const) {
        const tensors = [updated, picked(reference, key)[key]!, batch[`grad.${name}`]!] as const;
        expectUpdated(engine, tensors, { key, learningRate, travel: steps * learningRate });
      }
  });
});
