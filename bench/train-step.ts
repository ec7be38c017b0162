/** `train-step-<width>`: a ViT training step against PyTorch eager and torch.compile. */
import type { Tensor } from "../harness/program/index.ts";
import { createStream } from "../harness/random/index.ts";
import { initialState } from "../harness/run/initial-state.ts";
import type { BenchRow } from "./row.ts";
import { compareSteps, type StepBench } from "./steps.ts";
import { vitStep } from "./vit.ts";

export const TRAIN_STEPS: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  [128, 256, 384].map((width) => [`train-step-${width}`, () => compareSteps(trainStep(width))]),
);

export function trainStep(width: number): StepBench {
  const setting = { width, blocks: 6, heads: 4, batch: 16, tokens: 64 };
  const program = vitStep(setting);
  const random = createStream(0, "bench", width);
  const state = initialState(program, random.stream("state"));
  const data = (name: string): Tensor => {
    const values = new Float32Array(setting.batch * setting.tokens * width);
    random.stream(name).fillNormal(values);
    return { dtype: "float32", shape: [setting.batch, setting.tokens, width], data: values };
  };
  const weights = Object.fromEntries(
    program.states
      .filter(({ trainable }) => trainable)
      .map(({ name }) => [name.replace(/^blocks\./, ""), state[name]!]),
  );
  return {
    id: `train-step-${width}`,
    program,
    state,
    batch: { x: data("x"), target: data("target") },
    optimiser: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999 },
    peer: {
      script: "vit_step.py",
      weights,
      setting,
      modes: ["eager", "compile", "compile max-autotune"],
    },
    rounds: 8,
    steps: 8,
  };
}
