/** Brings published references and weights into the user's cache. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../errors.ts";
import { suggestion } from "../suggest.ts";
import { weightsFolder } from "../user-cache.ts";
import { fileChecksum } from "./checksum.ts";
import { contentDeviations } from "./content.ts";
import { type Download, type DownloadContext, download } from "./download.ts";
import { isLocal, referenceFile } from "./known.ts";
import { type ReferenceEntry, registry } from "./registry.ts";
import { findReference } from "./resolve.ts";

export interface Fetched {
  readonly path: string;
  /** Sentences about what came. */
  readonly notes: readonly string[];
}

/** @throws UserError for a name that is not published, and for what cannot be fetched */
export async function fetchReference(name: string, context: DownloadContext): Promise<Fetched> {
  const entry = await findReference(name);
  if (isLocal(entry))
    throw new UserError(
      `the reference ${name} was made here; there is nothing to fetch`,
      `name it to eval as it is: it lies at ${entry.made.file}`,
    );
  const deviations: string[] = [];
  const check = async (path: string) => void deviations.push(...(await contentDeviations(path, entry)));
  const fetched = await fetchFile({ ...entry, to: referenceFile(entry) }, { ...context, check });
  const unlike = deviations.map(
    (deviation) => `${name}: the file is not as the registry has it: ${deviation}`,
  );
  return { path: fetched.path, notes: [...fetched.notes, ...unlike, ...notesOf(entry)] };
}

/** @throws UserError for unknown weights, and for what cannot be fetched */
export async function fetchWeights(name: string, context: DownloadContext): Promise<Fetched> {
  const { weights, references } = registry();
  const entry = weights.find((one) => one.name === name);
  if (entry) return fetchFile({ ...entry, to: join(weightsFolder(), entry.file) }, context);
  throw new UserError(
    `there are no weights called ${name}`,
    references.some((reference) => reference.name === name)
      ? `it is a reference: npx epg-bench reference fetch ${name}`
      : suggestion(
          name,
          weights.map((one) => one.name),
        ),
  );
}

const notesOf = ({ name, notes }: ReferenceEntry): string[] => notes.map((note) => `${name}: ${note}`);

/** Brings a file, or finds it there as it was when it came. @throws UserError */
export async function fetchFile(file: Download, context: DownloadContext): Promise<Fetched> {
  if (existsSync(file.to)) {
    await requireUnchanged(file);
    return { path: file.to, notes: [`${file.to} is there already`] };
  }
  const found = await download(file, context);
  await recordChecksum(file.to, found);
  const unpinned = `nobody has published its sha256: what came has ${found}, which is recorded and held to from now on`;
  return { path: file.to, notes: file.sha256 === null ? [unpinned] : [] };
}

/** @throws UserError where a file has another checksum than is published, or than it had when it came */
export async function requireUnchanged({ to, sha256 }: Pick<Download, "to" | "sha256">): Promise<string> {
  const found = await fileChecksum(to);
  const needed = sha256 ?? (await recordedChecksum(to));
  if (needed !== null && needed !== found)
    throw new UserError(
      `${to} has the sha256 ${found}, and ${sha256 === null ? "had, when it came," : "should have"} ${needed}`,
      "remove it and fetch it again",
    );
  return found;
}

/** As `sha256sum --check` reads it. */
const recordChecksum = (path: string, sha256: string): Promise<void> =>
  writeFile(checksumFile(path), `${sha256}  ${basename(path)}\n`);

async function recordedChecksum(path: string): Promise<string | null> {
  const text = await readFile(checksumFile(path), "utf8").catch(() => "");
  return /^[0-9a-f]{64}(?= )/.exec(text)?.[0] ?? null;
}

const checksumFile = (path: string): string => `${path}.sha256`;
