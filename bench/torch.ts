/** `torch-<step>-<mode>`: the torch backend's training step against the same written by hand in PyTorch, eager or compiled. */
import type { Backend } from "../harness/plugin.ts";
import torch from "../plugins/backends/torch/index.ts";
import { epgStep, STAGES } from "./epg-step.ts";
import type { BenchRow } from "./row.ts";
import { compareSteps, type StepBench, THREADS } from "./steps.ts";
import { trainStep } from "./train-step.ts";

const STEPS: Readonly<Record<string, () => StepBench | Promise<StepBench>>> = {
  vit: () => trainStep(128),
  ...Object.fromEntries(STAGES.map((stage) => [`epg-${stage}`, () => epgStep(stage)])),
};
const MODES = { eager: false, compile: true } as const;

export const TORCH: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  Object.entries(STEPS).flatMap(([name, benchOf]) =>
    Object.entries(MODES).map(([mode, compile]) => [
      `torch-${name}-${mode}`,
      async () => {
        const bench = await benchOf();
        const peer = { ...bench.peer, modes: [mode] };
        return compareSteps({ ...bench, id: `torch-${name}-${mode}`, peer }, () => open(compile));
      },
    ]),
  ),
);

const open = (compile: boolean): Promise<Backend> =>
  torch.open(torch.schema.parse({ device: "cpu", compile, threads: THREADS }));
