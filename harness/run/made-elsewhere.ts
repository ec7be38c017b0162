/** Entries whose images come from elsewhere: what is known of them before anything runs. */
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import { filesBelow } from "../evaluate/files-below.ts";
import { byCodePoints, isHidden } from "../evaluate/image-names.ts";
import type { Elsewhere, Model, Task } from "../plugin.ts";
import { hashOf } from "./identity.ts";
import { digest, listDigest } from "./store.ts";

export interface MadeElsewhere {
  /** Of the files that the options name; null: they name none. */
  readonly identity: string | null;
  /** What the images of a set that exists already lie in. */
  readonly images: string | null;
  /** null: its networks run through the runtime, which counts them. */
  readonly elsewhere: Elsewhere | null;
}

export const NOTHING_TOLD: Elsewhere = {
  calls: null,
  macs: null,
  parameters: null,
  trainFlops: null,
  ownProcess: true,
};

/** @throws UserError for files that are not there, or are not what the options say */
export async function madeElsewhere(
  { baseFolder }: ResolvedConfig,
  model: Model,
  options: never,
  task: Task,
): Promise<MadeElsewhere> {
  const context = { baseFolder };
  const named = model.images?.(options);
  const images = named === undefined ? null : existing(resolve(baseFolder, named));
  const own = (await model.identity?.(options, task, context)) ?? null;
  return {
    identity: images === null ? own : hashOf([own, await contentOf(images)]),
    images,
    elsewhere: (await model.elsewhere?.(options, task, context)) ?? null,
  };
}

function existing(path: string): string {
  if (existsSync(path)) return path;
  throw new UserError(`there are no images at ${path}`, "give the path from the config's folder");
}

/** A file's sha256; of a folder, that over the names and contents of what lies in it. */
async function contentOf(path: string): Promise<string> {
  if (!statSync(path).isDirectory()) return (await digest(path)).sha256;
  const names = (await filesBelow(path)).filter((name) => !isHidden(name)).sort(byCodePoints);
  return listDigest(names.map((name) => [name, join(path, name)]));
}
