/** Joining shards: their images and features take the places in the cache in which one run would have left them. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { shortened } from "../config/module.ts";
import { EXIT, UserError } from "../errors.ts";
import { openAdmSamples, writeAdmSamples } from "../formats/npz.ts";
import { sumOfTallies } from "../measure/counting.ts";
import type { Told } from "../plugin.ts";
import { claim } from "./claim.ts";
import type { Engine } from "./found.ts";
import type { SampleResult, ShareResult, Spent, TrainResult } from "./jobs.ts";
import { joinFeatures } from "./join-features.ts";
import { keepFeatures, keptFeatures, readFeatures } from "./kept-features.ts";
import { SAMPLES } from "./sample.ts";
import { countedCost, toldCost } from "./sampling-cost.ts";
import { nameOf, type ShardFolder } from "./shard-folders.ts";
import { difference, featuresFolder, identityOf, type Share, samplesFolder } from "./shard-record.ts";
import { readStored, store } from "./store.ts";

/**
 * Puts what the shards made into the cache; what is there already stays.
 * @throws UserError where the shards are not of this plan, its stages are not trained in this cache, or a share is damaged
 */
export async function joinShards(
  engine: Pick<Engine, "config" | "dataset" | "plan" | "cache">,
  shards: readonly ShardFolder[],
): Promise<void> {
  const [first] = shards as [ShardFolder];
  const differs = difference(first.record.of, identityOf(engine));
  if (differs !== null)
    throw new UserError(
      `${nameOf(first)} is of another run than its config makes here now: ${differs}`,
      "merge with the code, data and backend that the shards ran with",
    );
  await requireTrained(engine, first);
  for (const share of first.record.shares) await joinShare(engine, share, shards);
}

async function requireTrained(
  { plan, cache }: Pick<Engine, "plan" | "cache">,
  first: ShardFolder,
): Promise<void> {
  for (const { key, folder, entry, name } of plan.stages) {
    const stored = await readStored<TrainResult>(folder);
    if (stored?.value.weightsSha256 === first.record.weights[key]) continue;
    throw new UserError(
      `${entry}: ${name} ${stored ? "was trained apart from the shards" : "is not trained"} in the cache ${shortened(cache)}`,
      `bring the folder ${join("train", key)} there from the cache of the shards`,
    );
  }
}

async function joinShare(
  { config, cache }: Pick<Engine, "config" | "cache">,
  { key, scoreKey, title }: Share,
  shards: readonly ShardFolder[],
): Promise<void> {
  const parts: Part[] = [];
  for (const { folder } of shards) parts.push(await openPart(folder, key, title));
  await unlessDone(join(cache, "sample", key), (folder) => joinSamples(folder, parts, config.samples));
  await unlessDone(join(cache, "score", scoreKey), async (folder) => {
    if (!(await keptFeatures(folder)))
      await keepFeatures(folder, await joinedFeatures(parts, config.samples));
  });
}

interface Part {
  readonly samples: string;
  readonly features: string;
  readonly result: ShareResult;
}

async function openPart(shard: string, key: string, title: string): Promise<Part> {
  const samples = join(shard, samplesFolder(key));
  const features = join(shard, featuresFolder(key));
  const [made, seen] = [await readStored<ShareResult>(samples), await readStored(features)];
  if (made && seen) return { samples, features, result: made.value };
  throw new UserError(
    `${shortened(shard)} lacks its share of "${title}": ${shortened(made ? features : samples)}`,
    `bring the whole folder over again, or go on with \`epg-bench run --resume ${shortened(shard)}\``,
    EXIT.incomplete,
  );
}

/** Another run may be at the same. */
async function unlessDone(folder: string, work: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const claimed = await claim(folder, { onWait: () => {}, keepWaiting: () => {} });
  try {
    if (!(await readStored(folder))) await work(folder);
  } finally {
    await claimed.release();
  }
}

async function joinSamples(folder: string, parts: readonly Part[], n: number): Promise<void> {
  const [{ result }] = parts as [Part];
  const { resolution: side } = result.sampled;
  const labels = new Int32Array(n).fill(-1);
  let row = 0;
  for (const { samples } of parts) {
    const file = await openAdmSamples(join(samples, SAMPLES));
    if (file.labels) labels.set(file.labels, row);
    row += file.shape[0];
    await file.close();
  }
  await writeAdmSamples(join(folder, SAMPLES), imagesOf(parts), [n, side, side, 3], labels);
  await store(folder, joinedResult(parts, n), [SAMPLES]);
}

async function* imagesOf(parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  for (const { samples } of parts) {
    const file = await openAdmSamples(join(samples, SAMPLES));
    try {
      yield* file.batches();
    } finally {
      await file.close();
    }
  }
}

/** What one process would have said that made all of the images. */
function joinedResult(parts: readonly Part[], n: number): SampleResult {
  const [{ result }] = parts as [Part];
  const { sampled } = result;
  const { tallies, chunks, wallSeconds, peakMemoryBytes } = parts
    .map(({ result }) => result.spent)
    .reduce(sumOfSpent);
  const common = { ...sampled, n, wallSeconds };
  if (common.elsewhere === null)
    return { ...common, ...countedCost(tallies, chunks, sampled.batchSize), peakMemoryBytes };
  return { ...common, ...toldCost({ ...common.elsewhere, calls: meanCalls(parts) }) };
}

const sumOfSpent = (one: Spent, other: Spent): Spent => ({
  chunks: one.chunks + other.chunks,
  tallies: sumOfTallies(one.tallies, other.tallies),
  wallSeconds: one.wallSeconds + other.wallSeconds,
  peakMemoryBytes: Math.max(one.peakMemoryBytes, other.peakMemoryBytes),
});

/** Calls an image, the mean over batches; null where not every shard was told. */
function meanCalls(parts: readonly Part[]): Told | null {
  const told = parts.map(({ result }) => result.sampled.elsewhere?.calls ?? null);
  const [first] = told as [Told | null];
  if (first === null || told.some((one) => one === null)) return null;
  if (told.every((one) => one!.value === first.value)) return first;
  const batches = parts.map(({ result }) => result.spent.chunks);
  const sum = told.reduce((total, one, k) => total + one!.value * batches[k]!, 0);
  return { ...first, value: sum / batches.reduce((total, count) => total + count, 0) };
}

async function joinedFeatures(parts: readonly Part[], n: number) {
  async function* read() {
    for (const { features } of parts) yield readFeatures(features);
  }
  return joinFeatures(n, read());
}
