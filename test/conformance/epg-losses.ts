/** Losses of a small EPG's denoising training on a backend, the same batches whatever the backend. */

import type { Backend } from "../../harness/plugin.ts";
import { adamw, adamwInputs, type Tensors, trace } from "../../harness/program/index.ts";
import { createStream } from "../../harness/random/index.ts";
import { initialState } from "../../harness/run/initial-state.ts";
import { denoisingLoss } from "../../plugins/models/epg/losses.ts";
import { timeOf } from "../../plugins/models/solvers/levels.ts";
import { floatsOf, ints, uniforms } from "./ops-case.ts";

const BATCH = 8;
const SHAPE = [BATCH, 3, 8, 8];

const program = trace("small EPG", (p) => {
  const network = {
    ...{ resolution: 8, patch: 4, width: 32, depth: 2, heads: 2, classes: 3, tokens: 1 },
    ...{ decoderWidth: 32, decoderDepth: 2, decoderHeads: 2, positionAmplitude: null, classDeviation: 1 },
  };
  const { loss } = denoisingLoss(
    p,
    network,
    {
      x0: p.input("x0", SHAPE),
      noise: p.input("noise", SHAPE),
      labels: p.input("labels", [BATCH], "int32"),
      level: { sigma: p.input("sigma", [BATCH]), time: p.input("time", [BATCH]) },
    },
    p.input("weight", [BATCH]),
  );
  p.output("loss", loss);
  adamw(p, loss, { beta1: 0.9, beta2: 0.999, weightDecay: 0.01 });
});

function batchAt(step: number): Tensors {
  const draw = (seed: number) =>
    floatsOf(
      SHAPE,
      [...uniforms(BATCH * 3 * 64, seed)].map((u) => 2 * u - 1),
    );
  const sigma = [...uniforms(BATCH, 9000 + step)].map((u) => Math.exp(3 * u - 2));
  return {
    // Four batches of images in turn, the noise of each step its own.
    x0: draw(step % 4),
    noise: draw(1000 + step),
    labels: ints(
      [BATCH],
      sigma.map((_, i) => i % 4),
    ),
    sigma: floatsOf([BATCH], sigma),
    time: floatsOf([BATCH], sigma.map(timeOf)),
    weight: floatsOf(
      [BATCH],
      sigma.map((s) => (s ** 2 + 0.25) / (0.5 * s) ** 2),
    ),
    ...adamwInputs({ step, learningRate: 2e-3, beta1: 0.9, beta2: 0.999 }),
  };
}

export async function epgLosses(backend: Backend, steps: number): Promise<readonly number[]> {
  const executable = await backend.compile(program, initialState(program, createStream(0, "small EPG")));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await executable.run(batchAt(step))).loss!.data[0]!);
  await executable.dispose();
  return losses;
}
