/** What a finished shard leaves in its folder for `merge`: `shard.json`, and below `shares/` its images and their features. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { shortened } from "../config/module.ts";
import { EXIT, UserError } from "../errors.ts";
import { parsedJson } from "../formats/strict-json.ts";
import { writeJson } from "./folder.ts";
import type { Engine } from "./found.ts";
import { hashOf } from "./identity.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const identity = z.strictObject({
  samples: z.int(),
  seed: z.int(),
  entries: z.array(z.string()),
  data: hash,
  backend: hash,
  scoring: hash,
  sampling: hash,
});

/** Shards of one run have it in common. */
type Identity = z.infer<typeof identity>;

const share = z.strictObject({ title: z.string(), key: hash, scoreKey: hash });

/** A part of one sampling's images, and the content addresses of all of them and of their scores. */
export type Share = z.infer<typeof share>;

const shard = z
  .strictObject({ index: z.int().min(1), count: z.int().min(1) })
  .refine(({ index, count }) => index <= count, "there is no such shard");

const record = z.strictObject({
  shard,
  of: identity,
  /** sha256 of what every stage handed on, by the stage's key. */
  weights: z.record(hash, hash),
  shares: z.array(share),
});

export type ShardRecord = z.infer<typeof record>;

const FILE = "shard.json";

/** In the shard's folder. */
export const samplesFolder = (key: string): string => join("shares", key);
export const featuresFolder = (key: string): string => join("shares", `${key}-features`);

export const identityOf = ({
  config,
  dataset,
  plan,
}: Pick<Engine, "config" | "dataset" | "plan">): Identity => ({
  samples: config.samples,
  seed: config.seed,
  entries: plan.entries.map(({ name }) => name),
  data: hashOf(dataset.identity),
  backend: plan.backendIdentity,
  scoring: plan.scoreIdentity,
  sampling: hashOf(
    plan.entries.map(({ samplesKey, resamplings, milestones }) => [
      samplesKey,
      milestones.map((one) => one.samplesKey),
      resamplings.map(({ candidates }) => candidates.map((one) => [one.samplesKey, one.trialKey])),
    ]),
  ),
});

/** What differs, told by the first part in which two runs are not one; null: nothing. */
export function difference(one: Identity, other: Identity): string | null {
  const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
  if (hashOf(one.entries) !== hashOf(other.entries))
    return `entries ${list(one.entries)}, not ${list(other.entries)}`;
  for (const part of ["samples", "seed"] as const)
    if (one[part] !== other[part]) return `${part} ${one[part]}, not ${other[part]}`;
  if (one.data !== other.data) return "another data set";
  if (one.backend !== other.backend) return "another backend, or its version, device or number of threads";
  if (one.scoring !== other.scoring) return "another feature extractor, reference or code that scores";
  return one.sampling === other.sampling ? null : "other options, weights or code of its entries";
}

/** After all that it names. */
export const writeRecord = (folder: string, value: ShardRecord): Promise<void> =>
  writeJson(join(folder, FILE), value);

/** @throws UserError where the folder holds no finished shard */
export async function readRecord(folder: string): Promise<ShardRecord> {
  const path = join(folder, FILE);
  if (!existsSync(path))
    throw new UserError(
      `${shortened(folder)} holds no finished shard: it has no ${FILE}`,
      `name the folder of a \`run --shard i/n\` that ended, or go on with it by \`epg-bench run --resume ${shortened(folder)}\``,
      EXIT.incomplete,
    );
  const parsed = record.safeParse(parsedJson(await readFile(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new UserError(
    `${shortened(path)} is not the record of a shard: ${z.prettifyError(parsed.error).split("\n")[0]!.replace("✖ ", "")}`,
    "bring the whole folder over again, or run the shard anew",
  );
}
