/** From what the user calls a reference to the file that holds it. */
import { existsSync } from "node:fs";
import { UserError } from "../errors.ts";
import { suggestion } from "../suggest.ts";
import { isLocal, type KnownReference, knownReferences, recordFile, referenceFile } from "./known.ts";

export interface ResolvedReference {
  readonly path: string;
  /** What is known of it; null for a path. */
  readonly entry: KnownReference | null;
}

/**
 * A path that exists wins over a name.
 * @throws UserError for a name that is not known, with those that are, and for a reference that is not on this machine
 */
export async function resolveReference(nameOrPath: string): Promise<ResolvedReference> {
  if (existsSync(nameOrPath)) return { path: nameOrPath, entry: null };
  if (/[\\/]/.test(nameOrPath))
    throw new UserError(
      `there is no ${nameOrPath}`,
      "name a folder of images, an .npz of samples, a file of statistics, or a reference (npx epg-bench reference list)",
    );
  const entry = await findReference(nameOrPath);
  return { path: requirePresent(entry), entry };
}

/** @throws UserError where the reference's file is not on this machine, telling how to get it */
export function requirePresent(entry: KnownReference): string {
  const path = referenceFile(entry);
  if (existsSync(path)) return path;
  throw isLocal(entry)
    ? new UserError(
        `the reference ${entry.name} was made here, but its file ${path} is gone`,
        `put it back, or remove ${recordFile(entry.name)} and make it again from ${entry.made.from}`,
      )
    : new UserError(
        `the reference ${entry.name} is not on this machine`,
        `npx epg-bench reference fetch ${entry.name}; or put ${entry.urls.join(" or ")} ${pinned(entry)} at ${path}`,
      );
}

/** @throws UserError for a name that is not known */
export async function findReference(name: string): Promise<KnownReference> {
  const known = await knownReferences();
  const entry = known.find((reference) => reference.name === name);
  if (entry) return entry;
  const names = known.map((reference) => reference.name);
  throw new UserError(
    `there is no ${name}: neither a file or folder nor the name of a reference`,
    suggestion(name, names),
  );
}

/** How a file can be recognised, in parentheses. */
export const pinned = ({ sha256 }: { readonly sha256: string | null }): string =>
  sha256 === null ? "(no sha256 is published)" : `(sha256 ${sha256})`;
