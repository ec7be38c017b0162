/** A network on images: a generator, or a denoiser that EPG's solvers sample from. */
import * as ort from "onnxruntime-node";
import { EntryError } from "../../../harness/errors.ts";
import type { ModelContext, Task } from "../../../harness/plugin.ts";
import { createStream } from "../../../harness/random/index.ts";
import { timeOf } from "../solvers/levels.ts";
import { toUint8 } from "../solvers/pixels.ts";
import type { CallsAnImage, PlannedFiles } from "./files.ts";
import type { OnnxOptions } from "./options.ts";
import { type Call, planCall } from "./plan.ts";
import { resampled } from "./resampled.ts";
import { describe, draw, type Network } from "./sampler.ts";
import { openSession } from "./session.ts";

interface Opened {
  readonly network: Network;
  readonly calls: () => number;
  release(): Promise<void>;
}

async function open(call: Call, side: number, threads: number): Promise<Opened> {
  const { model, names, batch, output } = call;
  const session = await openSession(model, threads);
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
      const found = await session.run(feeds);
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
async function callsAnImage(options: OnnxOptions, call: Call): Promise<CallsAnImage> {
  let calls = 0;
  const network: Network = async (x) => {
    calls++;
    return new Float32Array(x.length);
  };
  await draw(network, options, { ...call, batch: 1, shape: [3, 1, 1] }, [createStream(0)], [0]);
  return { network: calls, decoder: 0 };
}

/** @throws UserError as `planCall` */
export async function planPixels(
  options: OnnxOptions,
  task: Task,
  context: ModelContext,
): Promise<PlannedFiles> {
  const { resolution: side } = task;
  const planned = await planCall(options, task, context);
  const { model, names } = planned;
  return {
    files: [model],
    callsAnImage: () => callsAnImage(options, planned),
    resampled: (terms) => resampled(options, planned, terms),
    async open(batchSize) {
      const fixed = model.inputs.get(names.noise ?? names.x!)!.dims[0] ?? null;
      const call = { ...planned, batch: fixed ?? batchSize };
      const { network, calls, release } = await open(call, side, options.threads);
      return {
        batch: call.batch,
        description: describe(options, call),
        make: async (streams, labels) =>
          toUint8(await draw(network, options, call, streams, labels), side, call.scales),
        calls,
        dispose: release,
      };
    },
  };
}
