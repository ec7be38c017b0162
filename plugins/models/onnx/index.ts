/** A network in an ONNX file: a generator, or a denoiser that EPG's solvers sample from. */
import * as ort from "onnxruntime-node";
import { EntryError } from "../../../harness/errors.ts";
import type { Model } from "../../../harness/plugin.ts";
import { createStream } from "../../../harness/random/index.ts";
import { contentOf } from "../content.ts";
import { toldOf } from "../declared.ts";
import { timeOf } from "../solvers/levels.ts";
import { toUint8 } from "../solvers/pixels.ts";
import { type OnnxOptions, schema } from "./options.ts";
import { type Call, planCall } from "./plan.ts";
import { resampled } from "./resampled.ts";
import { describe, draw, type Network } from "./sampler.ts";

interface Opened {
  readonly network: Network;
  readonly calls: () => number;
  release(): Promise<void>;
}

async function open(call: Call, side: number, threads: number): Promise<Opened> {
  const { model, names, batch, output } = call;
  const session = await ort.InferenceSession.create(model.path, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  }).catch((error: Error) => {
    throw new EntryError(`${model.path} cannot be run: ${error.message.split("\n")[0]}`);
  });
  let calls = 0;
  const level = (name: string, value: number): ort.Tensor => {
    const rank = model.inputs.get(name)!.dims.length;
    const dims = Array.from({ length: rank }, (_, axis) => (axis === 0 ? batch : 1));
    return new ort.Tensor("float32", new Float32Array(rank === 0 ? 1 : batch).fill(value), dims);
  };
  return {
    calls: () => calls,
    async network(x, sigma, labels) {
      const feeds: Record<string, ort.Tensor> = {
        [names.noise ?? names.x!]: new ort.Tensor("float32", Float32Array.from(x), [batch, ...call.shape]),
      };
      if (names.sigma !== undefined) feeds[names.sigma] = level(names.sigma, sigma);
      if (names.time !== undefined) feeds[names.time] = level(names.time, timeOf(sigma));
      if (names.labels !== undefined)
        feeds[names.labels] =
          call.labelType === "int32"
            ? new ort.Tensor("int32", labels, [batch])
            : new ort.Tensor("int64", BigInt64Array.from(labels, BigInt), [batch]);
      const found = await session.run(feeds).catch((error: Error) => {
        throw new EntryError(`${model.path} failed: ${error.message.split("\n")[0]}`);
      });
      calls++;
      const { data, dims } = found[output]!;
      if (dims.join() !== [batch, 3, side, side].join())
        throw new EntryError(
          `${model.path}: ${output} came out as [${dims.join(", ")}], not [${batch}, 3, ${side}, ${side}]`,
        );
      return data as Float32Array;
    },
    release: () => session.release(),
  };
}

/** Of one image, on a network that answers 0: solvers do not look at its answers. */
async function callsAnImage(options: OnnxOptions, call: Call): Promise<number> {
  let calls = 0;
  const network: Network = async (x) => {
    calls++;
    return new Float32Array(x.length);
  };
  await draw(network, options, { ...call, batch: 1, shape: [3, 1, 1] }, [createStream(0)], [0]);
  return calls;
}

const model: Model<OnnxOptions> = {
  name: "onnx",
  schema,
  stages: () => [],
  samplingBatchSize: ({ batchSize }) => batchSize,
  deviations: () => [],
  async identity(options, task, context) {
    const { model: file } = await planCall(options, task, context);
    return contentOf([file.path, ...file.data]);
  },
  async elsewhere(options, task, context) {
    const call = await planCall(options, task, context);
    const { macs, trainFlops } = toldOf({ ...options, calls: null, parameters: null });
    return {
      calls: { value: await callsAnImage(options, call), by: "counted" },
      macs,
      parameters: { value: call.model.parameters, by: "counted" },
      trainFlops,
      ownProcess: false,
    };
  },
  resampled: async (options, task, terms, context) =>
    resampled(options, await planCall(options, task, context), terms),
  async sampler(options, task, _weights, _runtime, batchSize, context) {
    const { resolution: side } = task;
    const planned = await planCall(options, task, context);
    const fixed = planned.model.inputs.get(planned.names.noise ?? planned.names.x!)!.dims[0] ?? null;
    const call = { ...planned, batch: fixed ?? batchSize };
    const opened = await open(call, side, options.threads);
    let rounds = 0;
    return {
      batchSize,
      description: describe(options, call),
      async sample(streams, labels) {
        const bytes = 3 * side * side;
        const images = new Uint8Array(batchSize * bytes);
        for (let start = 0; start < batchSize; start += call.batch) {
          // A file of a fixed batch takes no fewer: the last image fills it up.
          const at = Array.from({ length: call.batch }, (_, k) => Math.min(start + k, batchSize - 1));
          const drawn = await draw(
            opened.network,
            options,
            call,
            at.map((k) => streams[k]!.stream()),
            at.map((k) => labels[k]!),
          );
          const kept = Math.min(call.batch, batchSize - start);
          images.set(toUint8(drawn, side, call.scales).subarray(0, kept * bytes), start * bytes);
          rounds++;
        }
        return images;
      },
      calls: () => (rounds === 0 ? null : { value: opened.calls() / rounds, by: "counted" }),
      dispose: () => opened.release(),
    };
  },
};

export default model;
