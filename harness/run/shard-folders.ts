/** The folders that shards left: whether they are all of one run's. */
import { shortened } from "../config/module.ts";
import { EXIT, UserError } from "../errors.ts";
import { shardName, shardText } from "./shard.ts";
import { difference, readRecord, type ShardRecord } from "./shard-record.ts";

export interface ShardFolder {
  readonly folder: string;
  readonly record: ShardRecord;
}

/** "out/2 (shard 2 of 3)" */
export const nameOf = ({ folder, record: { shard } }: ShardFolder): string =>
  `${shortened(folder)} (${shardName(shard)})`;

/**
 * The shards in their order, each there once and all of one run.
 * @throws UserError that names the folder that does not fit, or the shards that are missing
 */
export async function openShardFolders(folders: readonly string[]): Promise<readonly ShardFolder[]> {
  const shards: ShardFolder[] = [];
  for (const folder of folders) shards.push({ folder, record: await readRecord(folder) });
  const [first, ...others] = shards as [ShardFolder, ...ShardFolder[]];
  const { count } = first.record.shard;
  for (const other of others) requireSameRun(first, other);
  const byIndex = new Map<number, ShardFolder>();
  for (const shard of shards) {
    const { index } = shard.record.shard;
    const twin = byIndex.get(index);
    if (twin)
      throw new UserError(
        `${shortened(twin.folder)} and ${shortened(shard.folder)} are the same shard, ${shardName(shard.record.shard)}`,
        "name every shard once",
      );
    byIndex.set(index, shard);
  }
  const indices = Array.from({ length: count }, (_, k) => k + 1);
  const missing = indices.filter((index) => !byIndex.has(index));
  if (missing.length > 0)
    throw new UserError(
      `${missing.length === 1 ? "a shard is" : "shards are"} missing: ${missing.map((index) => shardText({ index, count })).join(", ")}`,
      `run \`epg-bench run --shard ${missing[0]}/${count}\` with the same config, and name its folder too`,
      EXIT.incomplete,
    );
  return indices.map((index) => byIndex.get(index)!);
}

function requireSameRun(first: ShardFolder, other: ShardFolder): void {
  const { record: a } = first;
  const { record: b } = other;
  const differs =
    a.shard.count === b.shard.count
      ? difference(b.of, a.of)
      : `cut in ${b.shard.count}, not in ${a.shard.count}`;
  if (differs !== null)
    throw new UserError(
      `${nameOf(other)} is of another run than ${nameOf(first)}: ${differs}`,
      "merge shards of one config, on the same data, code and backend",
    );
  const trainedApart = Object.keys(a.weights).some((key) => a.weights[key] !== b.weights[key]);
  if (trainedApart)
    throw new UserError(
      `${nameOf(other)} sampled from other weights than ${nameOf(first)}: they were trained apart`,
      "let shards share one cache folder (.epg-bench/cache), in which the first trains for all, or name trained weights in the config",
    );
  if (keysOf(a) !== keysOf(b))
    throw new UserError(
      `${nameOf(other)} chose other guidance than ${nameOf(first)}: their machines' numbers differ`,
      "run shards on machines of one kind, or give a single scale (comparison.guidance)",
    );
}

/** Of all images that were shared: guidance that trials chose is in them. */
const keysOf = ({ shares }: ShardRecord): string => shares.map(({ key }) => key).join();
