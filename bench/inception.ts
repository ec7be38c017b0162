/** `inception-<batch>`: Inception-v3's 2048 features against PyTorch eager and torch.compile, interleaved, maths checked first. */
import type { Tensor, Tensors } from "../harness/program/index.ts";
import { createStream } from "../harness/random/index.ts";
import onnxruntime from "../plugins/backends/onnxruntime/index.ts";
import { foldedStates } from "../plugins/features/inception/fold.ts";
import { SIDE } from "../plugins/features/inception/network.ts";
import { inceptionProgram } from "../plugins/features/inception/program.ts";
import { expectedStateDict, type StateDict } from "../plugins/features/inception/state-dict.ts";
import { openPeer, type Peer, tensorFile } from "./peer.ts";
import { type BenchRow, median } from "./row.ts";

const THREADS = 2;
const ROUNDS = 5;
const MODES = ["eager", "compile"];

/** Milliseconds an image, medians of interleaved batches. */
export const INCEPTION: Readonly<Record<string, () => Promise<BenchRow>>> = Object.fromEntries(
  [8, 16, 32].map((batch) => [`inception-${batch}`, () => inception(batch)]),
);

async function inception(batch: number): Promise<BenchRow> {
  const dict = randomWeights();
  const data = new Float32Array(batch * 3 * SIDE * SIDE);
  createStream(0, "bench", "images").fillUniform(data);
  const x: Tensor = { dtype: "float32", shape: [batch, 3, SIDE, SIDE], data };
  const backend = await onnxruntime.open({ threads: THREADS } as never);
  const network = await backend.compile(inceptionProgram(["2048"], batch), foldedStates(dict));
  const ours = async (): Promise<{ ms: number; features: number[] }> => {
    const began = performance.now();
    const outputs = await network.run({ x });
    return { ms: performance.now() - began, features: [...outputs["2048"]!.data.subarray(0, 2048)] };
  };
  const peer = await openPeer("inception.py", ["torch", "numpy"]);
  if (peer) await peer.ask({ init: await tensorFile({ ...tensorsOf(dict), x }), threads: THREADS });
  const { features } = await ours();
  const modes = peer ? await checkedModes(peer, features) : [];

  const times: Record<string, number[]> = { ours: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.ours!.push((await ours()).ms);
    for (const mode of modes) {
      times[mode] ??= [];
      times[mode].push(...(await peer!.ask<{ ms: number[] }>({ mode, runs: 1 })).ms);
    }
  }
  await peer?.close();
  await network.dispose();
  return {
    id: `inception-${batch}`,
    unit: "ms/image",
    value: median(times.ours!) / batch,
    peers: Object.fromEntries(modes.map((mode) => [`PyTorch ${mode}`, median(times[mode]!) / batch])),
  };
}

/** Kaiming's bound keeps the activations of one size from layer to layer. */
function randomWeights(): StateDict {
  return new Map(
    expectedStateDict().map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(
        /(bn\.weight|running_var)$/.test(name) ? 1 : 0.1,
      );
      if (shape.length === 1) return [name, data];
      createStream(0, "bench", name).fillUniform(data);
      const bound = Math.sqrt(6 / (data.length / shape[0]!));
      return [name, data.map((u) => (2 * u - 1) * bound)];
    }),
  );
}

const tensorsOf = (dict: StateDict): Tensors =>
  Object.fromEntries(
    expectedStateDict().map(({ name, shape }) => [name, { dtype: "float32", shape, data: dict.get(name)! }]),
  );

/** Features of every mode equal ours to 1e-4 of the largest; this also compiles and warms up. */
async function checkedModes(peer: Peer, own: readonly number[]): Promise<string[]> {
  const largest = Math.max(...own.map(Math.abs));
  for (const mode of MODES) {
    const { features } = await peer.ask<{ features: number[] }>({ mode, runs: 2 });
    const worst = Math.max(...features.map((value, i) => Math.abs(value - own[i]!))) / largest;
    if (!(worst < 1e-4)) throw new Error(`PyTorch ${mode} computes something else: ${worst} apart`);
  }
  return MODES;
}
