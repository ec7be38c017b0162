import { Piscina } from "piscina";
import { type Affine, type ImageBatch, pilBicubic } from "./pil-bicubic.ts";

/** `pilBicubic` spread over threads. */
export interface Preprocessor {
  /** Planar f32 [n, 3, size, size]: the same bits whatever the number of threads. */
  resize(batch: ImageBatch, size: number, affine: Affine): Promise<Float32Array>;
  close(): Promise<void>;
}

const inline: Preprocessor = {
  resize: async (batch, size, affine) => pilBicubic(batch, size, affine),
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
    async resize(batch, size, affine) {
      const out = new Float32Array(batch.n * 3 * size * size);
      const share = Math.ceil(batch.n / threads);
      const parts: Promise<void>[] = [];
      for (let from = 0; from < batch.n; from += share) {
        const part = cut(batch, from, Math.min(share, batch.n - from));
        parts.push(
          pool.run({ batch: part, size, affine }).then((resized: Float32Array) => {
            out.set(resized, from * 3 * size * size);
          }),
        );
      }
      await Promise.all(parts);
      return out;
    },
    close: () => pool.destroy(),
  };
}

/** A copy of `n` images, so that a thread is not sent the whole batch's buffer. */
function cut({ data, height, width }: ImageBatch, from: number, n: number): ImageBatch {
  const bytes = height * width * 3;
  return { data: data.slice(from * bytes, (from + n) * bytes), n, height, width };
}
