/** The references that have names: those of the registry, and those made on this machine. */
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { parsedJson } from "../formats/strict-json.ts";
import { userCache } from "../user-cache.ts";
import { type ReferenceEntry, referenceSchema, registry } from "./registry.ts";

const localSchema = referenceSchema.extend({
  /** Where the file lies, and how it was made. */
  made: z.strictObject({
    file: z.string().min(1),
    from: z.string(),
    /** name@sha256 of the extractor's weights and preparation. */
    extractorId: z.string(),
    /** The extractor's own words. */
    preparation: z.string(),
    /** sha256 of all pixels, cropped and resized, in order. */
    pixels: z.string(),
    tool: z.string(),
  }),
});

/** A reference made on this machine. */
export type LocalReference = z.infer<typeof localSchema>;

export type KnownReference = ReferenceEntry | LocalReference;

export const isLocal = (reference: KnownReference): reference is LocalReference => "made" in reference;

/** The user's folder of reference files. */
export const referenceFolder = (): string => join(userCache(), "references");

/** Where a reference's file lies, or is to lie. */
export function referenceFile(reference: KnownReference): string {
  if (isLocal(reference)) return reference.made.file;
  return join(referenceFolder(), `${reference.name}${extname(new URL(reference.urls[0]!).pathname)}`);
}

/** What tells of a reference made here. */
export const recordFile = (name: string): string => join(referenceFolder(), "made", `${name}.json`);

/** The registry's in its order, then those made here by name. */
export async function knownReferences(): Promise<readonly KnownReference[]> {
  return [...registry().references, ...(await localReferences())];
}

async function localReferences(): Promise<LocalReference[]> {
  const files = await readdir(join(referenceFolder(), "made")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const names = files.filter((file) => extname(file) === ".json").map((file) => file.slice(0, -5));
  return Promise.all(names.sort().map(readRecord));
}

async function readRecord(name: string): Promise<LocalReference> {
  const path = recordFile(name);
  const parsed = localSchema.safeParse(parsedJson(await readFile(path, "utf8")));
  if (parsed.success && parsed.data.name === name) return parsed.data;
  const why = parsed.success ? `it names "${parsed.data.name}"` : z.prettifyError(parsed.error);
  throw new UserError(
    `${path} does not tell of a reference: ${why}`,
    "remove it, and make the reference again",
  );
}
