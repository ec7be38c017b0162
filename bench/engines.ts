/** `engines-vit-<width>`: the ViT's training step on every engine that is here, interleaved, the first losses compared. */
import { UserError } from "../harness/errors.ts";
import type { Backend, BackendPlugin } from "../harness/plugin.ts";
import onnxruntime from "../plugins/backends/onnxruntime/index.ts";
import openvino from "../plugins/backends/openvino/index.ts";
import tfjs from "../plugins/backends/tfjs/index.ts";
import torch from "../plugins/backends/torch/index.ts";
import { type BenchRow, median } from "./row.ts";
import { CHECKED_STEPS, type Step, type StepBench, stepper, THREADS } from "./steps.ts";
import { trainStep } from "./train-step.ts";

/** How far the first losses may be from ONNX Runtime's. */
const TOLERANCE = { float32: 1e-4, tensorfloat32: 3e-3, bfloat16: 2e-2 } as const;

const opening =
  <Options>(plugin: BackendPlugin<Options>, options: object) =>
  (): Promise<Backend> =>
    plugin.open(plugin.schema.parse({ threads: THREADS, ...options }));

export const ENGINES: Readonly<Record<string, () => Promise<Backend>>> = {
  onnxruntime: opening(onnxruntime, {}),
  openvino: opening(openvino, {}),
  "openvino bf16": opening(openvino, { precision: "bf16" }),
  tfjs: opening(tfjs, {}),
  "torch eager": opening(torch, { device: "cpu", compile: false }),
  "torch compile": opening(torch, { device: "cpu", compile: true }),
};

export const ENGINE_STEPS: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  [128, 384].map((width) => [`engines-vit-${width}`, () => compareEngines(width)]),
);

interface Running {
  readonly backend: Backend;
  readonly step: Step;
  readonly ms: number[];
}

async function compareEngines(width: number): Promise<BenchRow> {
  const bench = trainStep(width);
  const running: Record<string, Running> = {};
  for (const [name, open] of Object.entries(ENGINES)) {
    const backend = await open().catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      console.error(`${name} is left out: ${error.message}`);
      return null;
    });
    if (backend) running[name] = await start(backend, bench);
  }
  await requireSameMaths(running);
  for (let round = 0; round < bench.rounds; round++)
    for (const { step, ms } of Object.values(running))
      for (let i = 0; i < bench.steps; i++) ms.push((await step()).ms);
  for (const { backend } of Object.values(running)) await backend.close?.();
  const { onnxruntime: value, ...peers } = Object.fromEntries(
    Object.entries(running).map(([name, { ms }]) => [name, median(ms)]),
  );
  return { id: `engines-vit-${width}`, unit: "ms", value: value!, peers };
}

async function start(backend: Backend, bench: StepBench): Promise<Running> {
  return { backend, ms: [], step: stepper(await backend.compile(bench.program, bench.state), bench) };
}

/** This also warms up. */
async function requireSameMaths(running: Readonly<Record<string, Running>>): Promise<void> {
  const { onnxruntime: own, ...others } = running;
  for (let i = 0; i < CHECKED_STEPS; i++) {
    const expected = (await own!.step()).loss;
    for (const [name, { backend, step }] of Object.entries(others)) {
      const { loss } = await step();
      if (!(Math.abs(loss / expected - 1) < TOLERANCE[backend.precision]))
        throw new Error(`${name} computes something else: a loss of ${loss}, not ${expected}`);
    }
  }
}
