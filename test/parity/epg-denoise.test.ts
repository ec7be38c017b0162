import { describe, expect, it } from "vitest";
import { snap } from "../../plugins/models/epg/diffusion.ts";
import { expectParity, runOnce, traceWithGradients } from "./engines.ts";
import { column, gradientsOf, picked, runsOf } from "./epg.ts";
import { denoisingInputs, tracedDenoisingLoss } from "./epg-denoising.ts";

const runs = runsOf(/^denoise$/);

describe.skipIf(runs.length === 0)("EPG's denoising loss (skipped where there are no cases)", () => {
  it.each(runs)("%s: levels, loss, all gradients", async (_, { one, file, engine }) => {
    const { tensors } = one.read(file);
    const program = traceWithGradients("denoise", (p) => {
      const { denoised, loss } = tracedDenoisingLoss(p, one.shape, tensors);
      p.output("denoised", denoised);
      return loss;
    });
    const found = await runOnce(engine, program, one.weights(), denoisingInputs(tensors));
    const gradients = gradientsOf(tensors);
    expect(Object.keys(gradients)).toHaveLength(program.states.length);
    expectParity(engine, found, { ...picked(tensors, "denoised", "loss"), ...gradients });

    const snapped = Array.from(tensors.sigma_sampled!.data, (sigma) => snap(sigma, one.shape.resolution));
    expect(snapped.map(({ index }) => index)).toEqual([...tensors.sigma_index!.data]);
    const levels = { sigma: snapped.map(({ sigma }) => sigma), weight: snapped.map(({ weight }) => weight) };
    expectParity(
      engine,
      { sigma: column(levels.sigma), weight: column(levels.weight) },
      picked(tensors, "sigma", "weight"),
    );
  });
});
