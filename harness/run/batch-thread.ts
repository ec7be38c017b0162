/** A thread that makes batches: it opens the model as the job's process does, and asks that process for images. */
import { once } from "node:events";
import { MessageChannel, type MessagePort, workerData } from "node:worker_threads";
import { Piscina } from "piscina";
import { sizeOf, type Tensors } from "../program/index.ts";
import type { BatchAnswer, BatchRequest, ImageRequest, ThreadData } from "./batch-threads.ts";
import { failureOf } from "./failure.ts";
import type { MakeBatch } from "./feed.ts";
import { openModel } from "./open.ts";
import { openStage } from "./open-stage.ts";

/** Of the batch in the making: a thread makes one at a time. */
let imagesPort: MessagePort;

const opened = open(workerData as ThreadData);
// Told to whoever asks for a batch.
opened.catch(() => {});

/** @param request null: open, and make nothing */
export default async function work(request: BatchRequest | null): Promise<unknown> {
  try {
    const make = await opened;
    if (request === null) return null;
    imagesPort = request.images;
    const batch = await make(request.step);
    return Piscina.move(movable(batch) as never);
  } catch (error) {
    return { failure: failureOf(error) } satisfies BatchAnswer;
  }
}

async function open({ job, task, train, prepared }: ThreadData): Promise<MakeBatch> {
  const { length, identity, labels } = train;
  const label = (index: number): number => {
    if (!(index >= 0 && index < length)) throw new RangeError(`image ${index} of ${length}`);
    return labels[index]!;
  };
  const model = await openModel(job.config, job.model, job.title);
  const { stage, context } = openStage(job, model, task, { length, identity, images, label });
  return stage.batches(context, prepared);
}

async function images(indices: readonly number[]): Promise<Uint8Array> {
  const { port1: own, port2: answer } = new MessageChannel();
  imagesPort.postMessage({ indices, answer } satisfies ImageRequest, [answer]);
  const [found] = (await once(own, "message")) as [Uint8Array | null];
  own.close();
  if (!found) throw new Error("the images could not be read");
  return found;
}

/** An answer with the batch, as Piscina moves it. */
function movable(batch: Tensors) {
  const buffers = Object.entries(batch).map(([name, { shape, data }]) => {
    if (data.length !== sizeOf(shape) || data.buffer instanceof SharedArrayBuffer)
      throw new Error(`${name}: a batch's arrays must be new ones for every step`);
    return data.buffer;
  });
  return {
    get [Piscina.transferableSymbol]() {
      return [...new Set(buffers)];
    },
    get [Piscina.valueSymbol]() {
      return { batch } satisfies BatchAnswer;
    },
  };
}
