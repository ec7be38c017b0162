/** Steps of a program against those of a peer (bench/peers/steps.py), interleaved, maths checked first. */

import type { Backend, Executable } from "../harness/plugin.ts";
import { adamwInputs, type Program, type Tensors } from "../harness/program/index.ts";
import onnxruntime from "../plugins/backends/onnxruntime/index.ts";
import { openPeer, type Peer, tensorFile } from "./peer.ts";
import { type BenchRow, median } from "./row.ts";

export const THREADS = 2;
export const CHECKED_STEPS = 3;

export interface StepBench {
  readonly id: string;
  readonly program: Program;
  readonly state: Tensors;
  /** Every step's, beside the optimiser's scalars. */
  readonly batch: Tensors;
  /** null: nothing is trained. */
  readonly optimiser: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly emaDecay?: number;
  } | null;
  /** The peer's script, the weights and the setting it is given beside the batch, and how it is run. */
  readonly peer: {
    readonly script: string;
    readonly weights: Tensors;
    readonly setting: object;
    readonly modes: readonly string[];
  };
  readonly rounds: number;
  /** Of each mode, a round. */
  readonly steps: number;
}

/** One training step: what it took, and its loss. */
export type Step = () => Promise<{ readonly ms: number; readonly loss: number }>;

/** Steps of an executable of the bench's program, the optimiser's scalars from the first on. */
export function stepper(executable: Executable, { batch, optimiser }: StepBench): Step {
  let count = 0;
  return async () => {
    const scalars = optimiser ? adamwInputs({ step: count++, ...optimiser }) : {};
    const inputs = { ...batch, ...scalars };
    const began = performance.now();
    const outputs = await executable.run(inputs);
    return { ms: performance.now() - began, loss: outputs.loss!.data[0]! };
  };
}

const openDefault = (): Promise<Backend> => onnxruntime.open({ threads: THREADS } as never);

export async function compareSteps(bench: StepBench, open = openDefault): Promise<BenchRow> {
  const { program, state, batch, peer: wanted, rounds, steps } = bench;
  const backend = await open();
  const executable = await backend.compile(program, state);
  const ours = stepper(executable, bench);
  const peer = await openPeer(wanted.script, ["torch", "numpy"]);
  const init = await tensorFile({ ...wanted.weights, ...batch });
  await peer?.ask({ init, setting: wanted.setting, threads: THREADS });
  const modes = peer ? wanted.modes : [];
  await requireSameMaths(ours, modes, peer!);

  const times: Record<string, number[]> = {
    ours: [],
    ...Object.fromEntries(modes.map((mode) => [mode, []])),
  };
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < steps; step++) times.ours!.push((await ours()).ms);
    for (const mode of modes) times[mode]!.push(...(await peer!.ask<{ ms: number[] }>({ mode, steps })).ms);
  }
  await peer?.close();
  await executable.dispose();
  await backend.close?.();
  return {
    id: bench.id,
    unit: "ms",
    value: median(times.ours!),
    peers: Object.fromEntries(modes.map((mode) => [`PyTorch ${mode}`, median(times[mode]!)])),
  };
}

/** The first losses of every mode equal ours to 1e-4; this also compiles and warms up. */
async function requireSameMaths(ours: Step, modes: readonly string[], peer: Peer): Promise<void> {
  const own: number[] = [];
  for (let step = 0; step < CHECKED_STEPS; step++) own.push((await ours()).loss);
  for (const mode of modes) {
    const { loss } = await peer.ask<{ loss: number[] }>({ mode, steps: CHECKED_STEPS });
    const worst = Math.max(...loss.map((value, i) => Math.abs(value - own[i]!) / Math.abs(own[i]!)));
    if (!(worst < 1e-4))
      throw new Error(`PyTorch ${mode} computes something else: losses ${loss} against ${own}`);
  }
}
