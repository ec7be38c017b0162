/** Threads that make a stage's batches. Images they ask this process for; batches are moved, never copied. */
import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import { memoryBytes } from "../measure/memory.ts";
import type { BatchContext, ImageSource } from "../plugin.ts";
import type { Tensors } from "../program/index.ts";
import { errorOf, type Failure } from "./failure.ts";
import type { Makers } from "./feed.ts";
import type { TrainJob } from "./jobs.ts";

/** What a thread opens the stage with: plain data, and memory that all share. */
export interface ThreadData {
  readonly job: Pick<TrainJob, "config" | "model" | "stage" | "steps" | "title">;
  readonly task: BatchContext["task"];
  readonly train: Pick<ImageSource, "length" | "identity"> & { readonly labels: Int32Array };
  readonly prepared: Tensors;
}

export interface BatchRequest {
  readonly step: number;
  /** Takes `ImageRequest`s. */
  readonly images: MessagePort;
}

export interface ImageRequest {
  readonly indices: readonly number[];
  /** Gets the images, or null where they cannot be read. */
  readonly answer: MessagePort;
}

export type BatchAnswer = { readonly batch: Tensors } | { readonly failure: Failure };

/** A core makes some 65 images of EPG's pre-training at 256 px a second; eight GPUs take 1,250 at the published throughput. */
const MOST_THREADS = 32;
/** Part of the memory that batches ahead may take. */
const MEMORY_SHARE = 1 / 8;

/** One begins at once, others where batches are asked for faster than it makes them. */
export function openBatchThreads(
  { config, model, stage, steps, title }: ThreadData["job"],
  { task, train }: BatchContext,
  prepared: Tensors,
  batchBytes: number,
): Makers {
  const most = mostThreads(batchBytes);
  const pool = new Piscina<BatchRequest | null, BatchAnswer>({
    filename: new URL("./batch-thread.js", import.meta.url).href,
    minThreads: 1,
    maxThreads: most,
    idleTimeout: Number.POSITIVE_INFINITY,
    workerData: {
      job: { config, model, stage, steps, title },
      task,
      train: { length: train.length, identity: train.identity, labels: labelsOf(train) },
      prepared: shared(prepared),
    } satisfies ThreadData,
  });
  return {
    opened: pool.run(null).catch(() => {}),
    most,
    async make(step) {
      const { port1: own, port2: images } = new MessageChannel();
      let unreadable: unknown;
      own.on("message", (request: ImageRequest) =>
        sendImages(train, request).catch((error) => {
          unreadable = error;
        }),
      );
      try {
        const answer = await pool.run({ step, images }, { transferList: [images] });
        if ("batch" in answer) return answer.batch;
        throw unreadable ?? errorOf(answer.failure);
      } finally {
        own.close();
      }
    },
    close: () => pool.destroy(),
  };
}

/** One core is left to this process, which feeds the device. */
function mostThreads(batchBytes: number): number {
  const room = Math.floor((memoryBytes() * MEMORY_SHARE) / batchBytes);
  return Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1, room));
}

async function sendImages(train: ImageSource, { indices, answer }: ImageRequest): Promise<void> {
  try {
    const images = await train.images(indices);
    // Pixels that lie within a larger buffer stay there.
    const own = images.byteLength === images.buffer.byteLength ? images : images.slice();
    answer.postMessage(own, [own.buffer as ArrayBuffer]);
  } catch (error) {
    answer.postMessage(null);
    throw error;
  }
}

function labelsOf(train: ImageSource): Int32Array {
  const labels = new Int32Array(new SharedArrayBuffer(4 * train.length));
  for (let i = 0; i < labels.length; i++) labels[i] = train.label(i);
  return labels;
}

/** The same in memory that threads share. */
const shared = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const { data } = tensor;
      const copy = new (data.constructor as new (room: SharedArrayBuffer) => typeof data)(
        new SharedArrayBuffer(data.byteLength),
      );
      copy.set(data as never);
      return [name, { ...tensor, data: copy }];
    }),
  );
