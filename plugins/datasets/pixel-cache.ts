/**
 * Decoded images on disk: `<key>.u8`, rows of uint8 one after the other, and `<key>.json`, its checksum,
 * written last and by rename, so that a payload without it is never read.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, openSync, read } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { UserError } from "../../harness/errors.ts";

/** Random access to rows. */
export interface Pixels {
  rows(indices: readonly number[]): Promise<Uint8Array>;
}

interface CachedPixels {
  readonly pixels: Pixels;
  /** Rows that could not be made, and why; their bytes are 0. */
  readonly failures: ReadonlyMap<number, string>;
  readonly warnings: readonly string[];
}

interface CacheEntry {
  readonly folder: string;
  /** A hash of everything the rows depend on. */
  readonly key: string;
  readonly rows: number;
  readonly rowBytes: number;
  /** Makes the rows, in any order; returns those it could not make. */
  fill(put: (row: number, pixels: Uint8Array) => Promise<void>): Promise<ReadonlyMap<number, string>>;
}

const pointerSchema = z.strictObject({
  sha256: z.string(),
  failures: z.array(z.tuple([z.int(), z.string()])),
});

/**
 * The rows from the cache, made first where it lacks them or is damaged; a damaged file is told in a
 * warning. Payloads under `inMemory` bytes (512 MiB) are held in memory, larger ones read row by row.
 */
export async function cachedPixels(entry: CacheEntry, inMemory = 2 ** 29): Promise<CachedPixels> {
  try {
    return await readOrBuild(entry, inMemory);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new UserError(
      `the cache folder ${entry.folder} cannot be used: ${message}`,
      "make it writable, free space there, or name another cache folder",
    );
  }
}

async function readOrBuild(entry: CacheEntry, inMemory: number): Promise<CachedPixels> {
  const payload = join(entry.folder, `${entry.key}.u8`);
  const found = await readEntry(entry, payload, inMemory);
  if (typeof found !== "string") return { ...found, warnings: [] };
  await build(entry, payload);
  const built = await readEntry(entry, payload, inMemory);
  if (typeof built === "string")
    throw new UserError(`the cache file ${payload} ${built} right after it was written`, "check the disk");
  const warnings = found === ABSENT ? [] : [`The cache file ${payload} ${found}; it was made again.`];
  return { ...built, warnings };
}

const ABSENT = "is absent";

/** The entry, or what is wrong with it, as the end of a sentence. */
async function readEntry(
  entry: CacheEntry,
  payload: string,
  inMemory: number,
): Promise<Omit<CachedPixels, "warnings"> | string> {
  const bytes = entry.rows * entry.rowBytes;
  const text = await readFile(pointerOf(payload), "utf8").catch(absent);
  const size = await stat(payload).then(({ size }) => size, absent);
  if (text === null || size === null) return ABSENT;
  const pointer = pointerSchema.safeParse(parseJson(text));
  if (!pointer.success) return "has an unreadable checksum file";
  if (size !== bytes) return `has ${size} bytes instead of ${bytes}`;
  const memory = bytes < inMemory ? await readFile(payload) : null;
  if ((await checksum(memory ?? payload)) !== pointer.data.sha256) return "does not match its checksum";
  const pixels = memory ? held(memory, entry.rowBytes) : onDisk(payload, entry.rowBytes);
  return { pixels, failures: new Map(pointer.data.failures) };
}

const pointerOf = (payload: string) => payload.replace(/u8$/, "json");

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function checksum(source: Uint8Array | string): Promise<string> {
  const hash = createHash("sha256");
  if (typeof source !== "string") return hash.update(source).digest("hex");
  for await (const chunk of createReadStream(source, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  return hash.digest("hex");
}

/** Payload first, under another name; then its name; then the checksum. */
async function build(entry: CacheEntry, payload: string): Promise<void> {
  const partial = `${payload}.${randomUUID()}.partial`;
  try {
    await mkdir(entry.folder, { recursive: true });
    const failures = await writeRows(entry, partial);
    const sha256 = await checksum(partial);
    await rename(partial, payload);
    await writeFileAtomic(pointerOf(payload), JSON.stringify({ sha256, failures: [...failures] }));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeRows(entry: CacheEntry, path: string): Promise<ReadonlyMap<number, string>> {
  const file = await open(path, "wx");
  try {
    await file.truncate(entry.rows * entry.rowBytes);
    const failures = await entry.fill(async (row, pixels) => {
      if (pixels.length !== entry.rowBytes) throw new RangeError(`a row of ${pixels.length} bytes`);
      await file.write(pixels, 0, pixels.length, row * entry.rowBytes);
    });
    await file.sync();
    return failures;
  } finally {
    await file.close();
  }
}

function held(memory: Uint8Array, rowBytes: number): Pixels {
  return {
    async rows(indices) {
      const out = new Uint8Array(indices.length * rowBytes);
      for (const [k, row] of indices.entries())
        out.set(memory.subarray(row * rowBytes, (row + 1) * rowBytes), k * rowBytes);
      return out;
    },
  };
}

const readAt = promisify(read);

/** The file stays open as long as the process. */
function onDisk(path: string, rowBytes: number): Pixels {
  const file = openSync(path, "r");
  return {
    async rows(indices) {
      const out = new Uint8Array(indices.length * rowBytes);
      const reads = indices.map((row, k) => readAt(file, out, k * rowBytes, rowBytes, row * rowBytes));
      for (const { bytesRead } of await Promise.all(reads))
        if (bytesRead !== rowBytes)
          throw new UserError(
            `the cache file ${path} was cut short during the run`,
            "run again: it is made anew",
          );
      return out;
    },
  };
}
