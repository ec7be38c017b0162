/** `dit-step`: a training step of the `small` latent model's DiT at 64 px against the same in PyTorch. */
import { scalar, type Tensors } from "../harness/program/index.ts";
import { createStream } from "../harness/random/index.ts";
import { initialState } from "../harness/run/initial-state.ts";
import { ditStep } from "../plugins/models/latent/dit-stage.ts";
import { TRAINING_STEPS } from "../plugins/models/solvers/latent/schedule.ts";
import { ditFor } from "../plugins/models/latent/sizes.ts";
import { int32Tensor, normalTensor } from "../plugins/models/latent/training.ts";
import { nudged } from "./nudged.ts";
import type { BenchRow } from "./row.ts";
import { compareSteps } from "./steps.ts";

export const DIT_STEP: Readonly<Record<string, () => Promise<BenchRow>>> = { "dit-step": ditStepRow };

const BATCH = 16;
/** Low, so that what float32 rounds away in the first step's gradients does not tell the next losses apart. */
const OPTIMISER = { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, emaDecay: 0.99 };

async function ditStepRow(): Promise<BenchRow> {
  const random = createStream(0, "bench", "dit");
  const config = ditFor("small", { resolution: 64, classes: 10 });
  const program = ditStep(config, BATCH);
  const start = initialState(program, random.stream("state"));
  const state = initialState(program, random.stream("state"), nudged(program.states, start, random));
  const owned = program.states
    .map(({ name }) => name)
    .filter((name) => !/^(adam\.|ema\/|latent_scale$)/.test(name));
  return compareSteps({
    id: "dit-step",
    program,
    state,
    batch: batchOf(program.inputs.mean!.shape),
    optimiser: OPTIMISER,
    peer: {
      script: "dit_step.py",
      weights: Object.fromEntries(owned.map((name) => [name, state[name]!])),
      setting: { ...config, ...OPTIMISER },
      modes: ["eager"],
    },
    rounds: 6,
    steps: 2,
  });
}

/** Posteriors and noise as a step sees them; times spread over the schedule, from the first on. */
function batchOf(shape: readonly number[]): Tensors {
  const random = createStream(0, "bench", "dit", "batch");
  const normal = (name: string) => normalTensor(random.stream(name), shape);
  const spread = (count: number) => (i: number) => Math.floor((i * count) / BATCH);
  const images = Array.from({ length: BATCH }, (_, i) => i);
  return {
    mean: normal("mean"),
    logVariance: normal("log variance"),
    posteriorNoise: normal("posterior"),
    noise: normal("noise"),
    latentScale: scalar(0.7),
    t: int32Tensor(images.map(spread(TRAINING_STEPS))),
    labels: int32Tensor(images.map(spread(11))),
  };
}
