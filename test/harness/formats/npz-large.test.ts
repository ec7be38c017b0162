/** Samples that would not fit in memory: files of zeros, of which the file system keeps nothing. */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { constants, createDeflateRaw } from "node:zlib";
import { describe, expect, it } from "vitest";
import { npyHeader } from "../../../harness/formats/npy-header.ts";
import { openAdmSamples } from "../../../harness/formats/npz.ts";
import {
  centralHeader,
  continueCrc,
  endOfDirectory,
  localHeader,
} from "../../../harness/formats/zip-records.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const IMAGE_BYTES = 256 * 256 * 3;
const ZEROS = new Uint8Array(64 * IMAGE_BYTES);
const BATCH = 48;

/** Writes `n` black images of 256 × 256, n a multiple of 64. `crc`: whether the file's own is right. */
async function writeBlack(path: string, n: number, { deflated = false, crc = true } = {}): Promise<void> {
  const header = npyHeader("uint8", [n, 256, 256, 3]);
  const bytes = header.length + n * IMAGE_BYTES;
  let crc32 = continueCrc(header, 0);
  if (crc) for (let i = 0; i < n; i += 64) crc32 = continueCrc(ZEROS, crc32);
  const member = { name: "arr_0.npy", bytes, crc32, offset: 0 };
  const [local, central] = [localHeader(member), centralHeader(member)];
  const file = await open(path, "w");
  let packed = bytes;
  if (deflated) {
    packed = 0;
    for await (const chunk of deflate(header, n)) {
      await file.write(chunk, 0, chunk.length, local.length + packed);
      packed += chunk.length;
    }
    for (const [record, at] of [
      [local, 8],
      [central, 10],
    ] as const) {
      record.writeUInt16LE(8, at);
      record.writeUInt32LE(packed, at + 10);
    }
  } else await file.write(header, 0, header.length, local.length);
  await file.write(local, 0, local.length, 0);
  const end = local.length + packed;
  await file.write(Buffer.concat([central, endOfDirectory(1, central.length, end)]), 0, null, end);
  await file.close();
}

async function* deflate(header: Uint8Array, n: number): AsyncGenerator<Buffer> {
  const stream = createDeflateRaw({ level: constants.Z_BEST_SPEED });
  stream.write(header);
  for (let i = 0; i < n; i += 64) stream.write(ZEROS);
  stream.end();
  yield* stream;
}

/** Images found, and the most bytes that arrays took while they were read. */
async function readThrough(path: string): Promise<{ found: number; peak: number }> {
  const samples = await openAdmSamples(path);
  let [found, peak] = [0, 0];
  for await (const batch of samples.batches(BATCH)) {
    const images = batch.length / IMAGE_BYTES;
    if (found + images < samples.shape[0]) expect(images).toBe(BATCH);
    found += images;
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
  }
  await samples.close();
  return { found, peak };
}

describe("samples of hundreds of megabytes", () => {
  it.each([false, true])("are read in batches, never whole (deflated: %s)", async (deflated) => {
    const path = join(temporaryFolder(), "black.npz");
    const n = 2048;
    await writeBlack(path, n, { deflated });
    const { found, peak } = await readThrough(path);
    expect(found).toBe(n);
    // The file holds 403 MB, a batch 9.
    expect(peak).toBeLessThan(200e6);
  });

  it("are read anywhere beyond 4 GiB where they are stored", async () => {
    const path = join(temporaryFolder(), "black.npz");
    const n = 30_016;
    await writeBlack(path, n, { crc: false });
    const file = await open(path, "r+");
    const white = new Uint8Array(IMAGE_BYTES).fill(255);
    const header = localHeader({ name: "arr_0.npy", bytes: n * IMAGE_BYTES, crc32: 0, offset: 0 }).length;
    await file.write(
      white,
      0,
      white.length,
      header + npyHeader("uint8", [n, 256, 256, 3]).length + (n - 2) * IMAGE_BYTES,
    );
    await file.close();
    const samples = await openAdmSamples(path);
    expect(samples.shape[0]).toBe(n);
    const last = await samples.images(n - 3, n);
    expect([0, 1, 2].map((i) => last[i * IMAGE_BYTES])).toEqual([0, 255, 0]);
    await samples.close();
    await rm(path);
  });
});
