/** `sampling-overhead`: what a sampler takes beside the network calls it makes. */
import type { Runtime } from "../harness/plugin.ts";
import { openProduct } from "./product.ts";
import { type BenchRow, median } from "./row.ts";

export const SAMPLING: Readonly<Record<string, () => Promise<BenchRow>>> = { "sampling-overhead": overhead };

const ROUNDS = 15;
const TASK = { resolution: 32, classes: 8 };

/** Heun 16 with guidance, the smallest network and images: the least work to hide behind. */
async function openSampling() {
  const { createStream, initialState, onnxruntime, epg } = await openProduct();
  const options = epg.schema.parse({ pretraining: { share: 0 }, guidance: { scale: 2 } }) as never;
  const stage = epg.stages(options, TASK)[0]!;
  const weights = stage.result(initialState(stage.program, createStream(0, "bench")));
  const backend = await onnxruntime.open({ threads: 2 } as never);
  const spent = { milliseconds: 0 };
  const runtime: Runtime = {
    async compile(program, state) {
      const executable = await backend.compile(program, state);
      return {
        ...executable,
        async run(inputs) {
          const began = performance.now();
          const outputs = await executable.run(inputs);
          spent.milliseconds += performance.now() - began;
          return outputs;
        },
      };
    },
  };
  const batchSize = epg.samplingBatchSize(options, TASK);
  const sampler = await epg.sampler(options, TASK, { [stage.name]: weights }, runtime, batchSize, {
    baseFolder: ".",
  });
  const streams = () => Array.from({ length: batchSize }, (_, k) => createStream(0, "sample", k));
  return { sampler, streams, spent };
}

/** Percent by which sampling takes longer than the network calls in it: the median of all rounds. */
async function overhead(): Promise<BenchRow> {
  const { sampler, streams, spent } = await openSampling();
  const labels = Array.from({ length: sampler.batchSize }, (_, k) => k % TASK.classes);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    spent.milliseconds = 0;
    const began = performance.now();
    await sampler.sample(streams(), labels);
    ratios.push((performance.now() - began) / spent.milliseconds);
  }
  await sampler.dispose();
  return { id: "sampling-overhead", unit: "%", value: 100 * (median(ratios) - 1), peers: {} };
}
