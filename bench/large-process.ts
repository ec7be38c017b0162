/** What `large.ts` measures, in a process that does nothing else. */
import { readFileSync } from "node:fs";
import type { Runtime, StageWeights } from "../harness/plugin.ts";
import { createStream } from "../harness/random/index.ts";
import onnxruntime from "../plugins/backends/onnxruntime/index.ts";
import { networkStates } from "../plugins/models/epg/checkpoint.ts";
import model from "../plugins/models/epg/index.ts";
import { type EpgInput, schema } from "../plugins/models/epg/options.ts";
import { networkShape } from "../plugins/models/epg/sizes.ts";
import { randomWeights } from "./large-weights.ts";

const THREADS = 2;
const task = { resolution: 256, classes: 1000 };

/** The largest resident set there was, as Linux tells it. */
const peakBytes = (): number =>
  1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]);

const bytesOf = (weights: StageWeights): number =>
  Object.values(weights)
    .flatMap((tensors) => Object.values(tensors))
    .reduce((sum, { data }) => sum + data.byteLength, 0);

async function runtime(): Promise<Runtime> {
  const backend = await onnxruntime.open({ threads: THREADS } as never);
  return { compile: (program, state) => backend.compile(program, state) };
}

const parsed = (input: EpgInput) => schema.parse(input) as never;

async function load(path: string) {
  const options = parsed({ size: "XL/16", weights: path });
  const began = performance.now();
  const [checkpoint] = model.pretrained!(options);
  const file = await checkpoint!.open(path, task);
  const weights = { [checkpoint!.stage]: await file.read() };
  await file.close();
  await model.sampler(options, task, weights, await runtime(), 1, { baseFolder: "." });
  return { seconds: (performance.now() - began) / 1000, weightBytes: bytesOf(weights) };
}

async function sample() {
  const options = parsed({ size: "L/16", sampler: { kind: "heun", steps: 16 } });
  const weights = {
    "diffusion fine-tuning": randomWeights(networkStates(networkShape("L/16", task)), true),
  };
  const sampler = await model.sampler(options, task, weights, await runtime(), 1, { baseFolder: "." });
  const began = performance.now();
  await sampler.sample([createStream(0)], [1]);
  return { seconds: (performance.now() - began) / 1000, weightBytes: bytesOf(weights) };
}

const [work, path] = process.argv.slice(2);
const measured = work === "load" ? await load(path!) : await sample();
console.log(JSON.stringify({ ...measured, peakBytes: peakBytes() }));
