import { Piscina } from "piscina";
import type { Image } from "../../../harness/formats/image.ts";
import { type Preparation, prepare } from "./prepare.ts";

/** `prepare` spread over threads. */
export interface Preprocessor {
  /** Planar f32 [n, 3, size, size]: the same bits whatever the number of threads. */
  prepare(images: readonly Image[], size: number, preparation: Preparation): Promise<Float32Array>;
  close(): Promise<void>;
}

const inline: Preprocessor = {
  prepare: async (images, size, preparation) => prepare(images, size, preparation),
  close: async () => {},
};

/**
 * Worker threads are plain Node and cannot load TypeScript sources on every Node we support, so a pool
 * needs the built package; run from its sources, or with one thread, the work is done in this thread.
 */
export function preprocessor(threads: number): Preprocessor {
  if (threads === 1 || import.meta.url.endsWith(".ts")) return inline;
  return pooled(threads, new URL("./worker.js", import.meta.url));
}

function pooled(threads: number, worker: URL): Preprocessor {
  const pool = new Piscina({ filename: worker.href, minThreads: threads, maxThreads: threads });
  return {
    async prepare(images, size, preparation) {
      const out = new Float32Array(images.length * 3 * size * size);
      const share = Math.ceil(images.length / threads);
      const parts: Promise<void>[] = [];
      for (let from = 0; from < images.length; from += share) {
        const part = images.slice(from, from + share).map(ownBuffer);
        parts.push(
          pool.run({ images: part, size, preparation }).then((prepared: Float32Array) => {
            out.set(prepared, from * 3 * size * size);
          }),
        );
      }
      await Promise.all(parts);
      return out;
    },
    close: () => pool.destroy(),
  };
}

/** A copy, so that a thread is not sent the whole batch's buffer. */
const ownBuffer = ({ data, width, height }: Image): Image => ({ data: data.slice(), width, height });
