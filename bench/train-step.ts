/** `train-step-<width>`: a ViT training step against PyTorch eager and torch.compile, interleaved, maths checked first. */
import type { Executable } from "../harness/plugin.ts";
import { adamwInputs, type Tensor, type Tensors } from "../harness/program/index.ts";
import { createStream } from "../harness/random/index.ts";
import { initialState } from "../harness/run/initial-state.ts";
import onnxruntime from "../plugins/backends/onnxruntime/index.ts";
import { openPeer, type Peer, tensorFile } from "./peer.ts";
import { type BenchRow, median } from "./row.ts";
import { vitStep } from "./vit.ts";

const THREADS = 2;
const ROUNDS = 8;
const STEPS = 8;
const CHECKED_STEPS = 3;
const MODES = ["eager", "compile", "compile max-autotune"];

export const TRAIN_STEPS: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  [128, 256, 384].map((width) => [`train-step-${width}`, () => trainStep(width)]),
);

async function trainStep(width: number): Promise<BenchRow> {
  const shape = { width, blocks: 6, heads: 4, batch: 16, tokens: 64 };
  const program = vitStep(shape);
  const random = createStream(0, "bench", width);
  const state = initialState(program, random.stream("state"));
  const data = (name: string): Tensor => {
    const values = new Float32Array(shape.batch * shape.tokens * width);
    random.stream(name).fillNormal(values);
    return { dtype: "float32", shape: [shape.batch, shape.tokens, width], data: values };
  };
  const batch = { x: data("x"), target: data("target") };
  const executable = await (await onnxruntime.open({ threads: THREADS } as never)).compile(program, state);
  const ours = stepper(executable, batch);
  const peer = await openPeer("vit_step.py", ["torch", "numpy"]);
  const parameters = Object.fromEntries(
    program.states
      .filter(({ trainable }) => trainable)
      .map(({ name }) => [name.replace(/^blocks\./, ""), state[name]!]),
  );
  if (peer) await peer.ask({ init: await tensorFile({ ...parameters, ...batch }), shape, threads: THREADS });
  const modes = peer ? await checkedModes(peer, ours) : [];

  const times: Record<string, number[]> = { ours: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (let step = 0; step < STEPS; step++) times.ours!.push((await ours()).ms);
    for (const mode of modes) {
      times[mode] ??= [];
      times[mode].push(...(await peer!.ask<{ ms: number[] }>({ mode, steps: STEPS })).ms);
    }
  }
  await peer?.close();
  await executable.dispose();
  return {
    id: `train-step-${width}`,
    unit: "ms",
    value: median(times.ours!),
    peers: Object.fromEntries(modes.map((mode) => [`PyTorch ${mode}`, median(times[mode]!)])),
  };
}

function stepper(executable: Executable, batch: Tensors): () => Promise<{ ms: number; loss: number }> {
  let step = 0;
  return async () => {
    const inputs = {
      ...batch,
      ...adamwInputs({ step: step++, learningRate: 1e-3, beta1: 0.9, beta2: 0.999 }),
    };
    const began = performance.now();
    const outputs = await executable.run(inputs);
    return { ms: performance.now() - began, loss: outputs.loss!.data[0]! };
  };
}

/** The first losses of every mode equal ours to 1e-4; this also compiles and warms up. */
async function checkedModes(peer: Peer, ours: () => Promise<{ loss: number }>): Promise<string[]> {
  const own: number[] = [];
  for (let step = 0; step < CHECKED_STEPS; step++) own.push((await ours()).loss);
  const modes: string[] = [];
  for (const mode of MODES) {
    const { loss } = await peer.ask<{ loss: number[] }>({ mode, steps: CHECKED_STEPS });
    const worst = Math.max(...loss.map((value, i) => Math.abs(value - own[i]!) / Math.abs(own[i]!)));
    if (!(worst < 1e-4))
      throw new Error(`PyTorch ${mode} computes something else: losses ${loss} against ${own}`);
    modes.push(mode);
  }
  return modes;
}
