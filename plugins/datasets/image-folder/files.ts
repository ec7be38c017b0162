import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { UserError } from "../../../harness/errors.ts";
import { DECODER_VERSION, decodeImage, ImageError } from "../../../harness/formats/image.ts";
import type { DatasetContext } from "../../../harness/plugin.ts";
import { eachConcurrently } from "../concurrent.ts";
import { digest } from "../digest.ts";
import { cachedPixels, type Pixels } from "../pixel-cache.ts";

export interface ImageFile {
  readonly path: string;
  /** Null where there are no classes. */
  readonly className: string | null;
}

/** An image file and its row of pixels, or why it has none. */
type DecodedFile = ImageFile &
  ({ readonly sha256: string; readonly row: number } | { readonly reason: string });

/** Larger files are called unreadable. */
const MAX_BYTES = 2 ** 28;

export const decoder = `image-folder ${DECODER_VERSION}`;

/**
 * Hashes every file, then decodes each distinct content once, at most `context.threads` at a time on
 * sharp's threads, unless the cache holds them all. The rows are in the order of the contents' hashes.
 */
export async function decodeFiles(
  files: readonly ImageFile[],
  side: number,
  context: DatasetContext,
): Promise<{ files: DecodedFile[]; pixels: Pixels; warnings: readonly string[] }> {
  const hashed = await hashFiles(files, context.threads);
  const paths = new Map<string, string>();
  for (const [i, result] of hashed.entries())
    if ("sha256" in result) paths.set(result.sha256, files[i]!.path);
  const contents = [...paths.keys()].sort();
  const { pixels, failures, warnings } = await cachedPixels({
    folder: context.cacheFolder,
    key: digest({ decoder, side, contents }),
    rows: contents.length,
    rowBytes: side * side * 3,
    async fill(put) {
      const failures = new Map<number, string>();
      await eachConcurrently(contents, context.threads, async (sha256, row) => {
        const decoded = await decode(paths.get(sha256)!, sha256, side);
        if (typeof decoded === "string") failures.set(row, decoded);
        else await put(row, decoded);
      });
      return failures;
    },
  });
  const rows = new Map(contents.map((sha256, row) => [sha256, row]));
  const decoded = files.map((file, i): DecodedFile => {
    const result = hashed[i]!;
    if ("reason" in result) return { ...file, ...result };
    const row = rows.get(result.sha256)!;
    const reason = failures.get(row);
    return reason === undefined ? { ...file, ...result, row } : { ...file, reason };
  });
  return { files: decoded, pixels, warnings };
}

async function hashFiles(
  files: readonly ImageFile[],
  threads: number,
): Promise<({ sha256: string } | { reason: string })[]> {
  const results: ({ sha256: string } | { reason: string })[] = [];
  await eachConcurrently(files, threads, async ({ path }, i) => {
    try {
      const { size } = await stat(path);
      if (size > MAX_BYTES) results[i] = { reason: `it has ${size} bytes, more than ${MAX_BYTES}` };
      else results[i] = { sha256: sha256(await readFile(path)) };
    } catch (error) {
      results[i] = { reason: (error as Error).message };
    }
  });
  return results;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Pixels, or the reason why there are none. */
async function decode(path: string, expected: string, side: number): Promise<Uint8Array | string> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || sha256(bytes) !== expected)
    throw new UserError(
      `the image ${path} changed while the folder was read`,
      "run again when nothing writes there",
    );
  try {
    return (await decodeImage(bytes, side)).data;
  } catch (error) {
    if (error instanceof ImageError) return error.message;
    throw error;
  }
}
