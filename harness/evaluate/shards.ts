/**
 * Images in tar archives as webdataset keeps them: the members of a sample share what stands before the first dot
 * of their names, and an image's class is in the `.cls`, or the `label` of the `.json`, beside it.
 */
import { basename, join, posix } from "node:path";
import { UserError } from "../errors.ts";
import { FormatError } from "../formats/format-error.ts";
import { recogniseFile } from "../formats/open-tensors.ts";
import { parseJsonObject } from "../formats/strict-json.ts";
import { openTar, readTarMember, type Tar, type TarMember } from "../formats/tar.ts";
import { type EncodedImage, encodedSet } from "./encoded-images.ts";
import { byCodePoints, imageNames, isHidden, labelsByFolder } from "./image-names.ts";
import type { ImageSet } from "./image-set.ts";

const MAX_SHARDS = 100_000;
const MAX_CLS_BYTES = 64;
const MAX_JSON_BYTES = 2 ** 20;
const MAX_JSON_DEPTH = 64;

/** The files of a pattern with ranges of numbers in braces, the last range fastest; null where it has none. */
export function shardNames(pattern: string): string[] | null {
  const range = /\{(\d{1,9})\.\.(\d{1,9})\}/.exec(pattern);
  if (!range) return null;
  const [text, first, last] = range as unknown as [string, string, string];
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > MAX_SHARDS)
    throw new UserError(`${pattern}: ${text} are ${count} files`, `name 1 to ${MAX_SHARDS}, as {000..003}`);
  const before = pattern.slice(0, range.index);
  const rests = shardNames(pattern.slice(range.index + text.length)) ?? [
    pattern.slice(range.index + text.length),
  ];
  if (count * rests.length > MAX_SHARDS)
    throw new UserError(`${pattern} are ${count * rests.length} files`, `name at most ${MAX_SHARDS}`);
  const numbers = Array.from({ length: count }, (_, i) => `${Number(first) + i}`.padStart(first.length, "0"));
  return numbers.flatMap((number) => rests.map((rest) => before + number + rest));
}

/** The files of a folder that are tar archives by their content, by code points of their names. */
export async function tarsAmong(names: readonly string[], folder: string): Promise<string[]> {
  const tars: string[] = [];
  for (const name of names.filter((name) => !isHidden(name)).sort(byCodePoints))
    if ((await recogniseFile(join(folder, name))) === "tar") tars.push(join(folder, name));
  return tars;
}

interface ShardImage extends EncodedImage {
  /** null where nothing beside it tells. */
  readonly label: number | null;
}

/**
 * The images of the shards, in the order of the shards and of their members.
 * @param path what the set is called
 * @throws UserError, FormatError
 */
export async function openShards(path: string, shards: readonly string[]): Promise<ImageSet> {
  const images: ShardImage[] = [];
  for (const shard of shards) images.push(...(await imagesOf(shard)));
  if (images.length === 0)
    throw new UserError(`${path} holds no PNG, JPEG or WebP image`, "name archives that hold images");
  const labelled = images.filter(({ label }) => label !== null).length;
  const some = labelled > 0 && labelled < images.length;
  return encodedSet(images, {
    path,
    labels:
      labelled === images.length
        ? Int32Array.from(images, ({ label }) => label!)
        : labelsByFolder(images.map(({ name }) => name)),
    warnings: some
      ? [`${path}: ${images.length - labelled} of ${images.length} images have no class: none is used`]
      : [],
    close: async () => {},
  });
}

async function imagesOf(shard: string): Promise<ShardImage[]> {
  const tar = await openTar(shard).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT"
      ? new UserError(`there is no ${shard}`, "name shards that are all there")
      : error;
  });
  try {
    const members = new Map(tar.members.map((member) => [posix.normalize(member.name), member]));
    const names = imageNames([...members.keys()], shard);
    requireSamples(names, shard);
    const images: ShardImage[] = [];
    for (const name of names)
      images.push({
        name,
        path: `${shard}/${name}`,
        source: () => readTarMember(shard, members.get(name)!),
        label: await labelBeside(name, members, tar, shard),
      });
    return images;
  } finally {
    await tar.close();
  }
}

/** What the members of a sample share. */
function sampleOf(name: string): string {
  const file = basename(name);
  return name.slice(0, name.length - file.length) + file.split(".", 1)[0];
}

function requireSamples(names: readonly string[], shard: string): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(sampleOf(name));
    if (other !== undefined)
      throw new UserError(
        `${shard}: ${other} and ${name} are images of one sample, ${sampleOf(name)}: webdataset's names end at the first dot`,
        "keep one image a sample, and dots out of names",
      );
    seen.set(sampleOf(name), name);
  }
}

async function labelBeside(
  image: string,
  members: ReadonlyMap<string, TarMember>,
  tar: Tar,
  shard: string,
): Promise<number | null> {
  const sample = sampleOf(image);
  const [cls, json] = [members.get(`${sample}.cls`), members.get(`${sample}.json`)];
  if (cls)
    return classOf(
      Buffer.from(await bounded(cls, MAX_CLS_BYTES))
        .toString()
        .trim(),
      cls,
    );
  if (!json) return null;
  const { label } = parseJsonObject(await bounded(json, MAX_JSON_BYTES), shard, json.name, MAX_JSON_DEPTH);
  return typeof label === "number" ? classOf(`${label}`, json) : null;

  function bounded(member: TarMember, bytes: number): Promise<Uint8Array> {
    if (member.bytes > bytes)
      throw new FormatError(shard, member.name, `${member.bytes} bytes, at most ${bytes} are read`);
    return tar.read(member);
  }

  function classOf(text: string, { name }: TarMember): number {
    if (!/^\d+$/.test(text) || Number(text) > 0x7fffffff)
      throw new FormatError(
        shard,
        name,
        `its class is a whole number from 0 on, not ${JSON.stringify(text)}`,
      );
    return Number(text);
  }
}
