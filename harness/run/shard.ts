/** A shard of a run: every entry's images are cut into whole sampling batches, and each shard makes and looks at its own of them. */
import { UserError } from "../errors.ts";
import type { EntriesPlan } from "./plan.ts";

/** One of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export const WHOLE: Shard = { index: 1, count: 1 };

/** A shard's own of all batches: contiguous, and of any two shards' numbers of batches the difference is at most one. */
export const batchesOfShard = <Batch>(all: readonly Batch[], { index, count }: Shard): Batch[] =>
  all.slice(Math.floor(((index - 1) * all.length) / count), Math.floor((index * all.length) / count));

/** "2/3"; null for what is none. */
export function parseShard(text: string): Shard | null {
  const [, index, count] = (/^([1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text) ?? []).map(Number);
  return index === undefined || count === undefined || index > count ? null : { index, count };
}

export const shardText = ({ index, count }: Shard): string => `${index}/${count}`;

export const shardName = ({ index, count }: Shard): string => `shard ${index} of ${count}`;

/**
 * Refuses shards that would have nothing to do.
 * @throws UserError where an entry's images are fewer batches than there are shards
 */
export function requireBatches({ count }: Shard, { entries }: EntriesPlan, samples: number): void {
  for (const { name, samplingBatch, made } of entries) {
    const batches = Math.ceil(samples / samplingBatch);
    if (made.images !== null || batches >= count) continue;
    throw new UserError(
      `--shard: the ${samples} images of entry "${name}" are ${batches} sampling ${batches === 1 ? "batch" : "batches"} of at most ${samplingBatch}: too few for ${count} shards`,
      batches === 1
        ? "run without --shard, or sample more images (samples, --samples)"
        : `use at most ${batches} shards, or sample more images (samples, --samples)`,
    );
  }
}
