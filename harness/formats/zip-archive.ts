/** ZIP files others made, read with bounds: yauzl reads the directory, this checks it and what the members hold. */
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import { readAt } from "./atomic.ts";
import { FormatError } from "./format-error.ts";
import { continueCrc } from "./zip-records.ts";

/** A checkpoint has one for every tensor of the model, its average and its optimizer. */
const MAX_MEMBERS = 100_000;
const STORED = 0;
const DEFLATED = 8;
/** Deflate gives at most 258 bytes for two bits. */
const MAX_EXPANSION = 1032;
const LOCAL_HEADER_BYTES = 30;
const CHUNK_BYTES = 2 ** 18;

export interface ZipMember {
  readonly name: string;
  /** Not compressed, so that any part of it can be read by itself. */
  readonly stored: boolean;
  /** Of its content, as the directory declares it. */
  readonly bytes: number;
  readonly crc32: number;
  /** Where in the file its (compressed) bytes begin, and how many there are. */
  readonly start: number;
  readonly compressedBytes: number;
}

export interface ZipArchive {
  readonly members: readonly ZipMember[];
  /** The content in one pass; throws at the end where its length or CRC-32 is not what the directory says. */
  content(member: ZipMember): AsyncGenerator<Uint8Array>;
  /** Bytes of a stored member from `start` (counted from its beginning) on, to fill `into`. Its CRC-32 is not checked. */
  readStored(member: ZipMember, start: number, into: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the file and reads its directory. Encrypted members, other methods than stored and deflated,
 * two members of one name, members that share bytes, names that climb out and sizes that deflate cannot
 * give are refused.
 * @throws FormatError
 */
export async function openZip(path: string): Promise<ZipArchive> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const members = await readDirectory(file, size, path);
    checkNames(members, path);
    checkOverlap(members, path);
    return {
      members,
      content: (member) => checkedContent(file, member, path),
      async readStored(member, start, into) {
        if ((await readAt(file, member.start + start, into)) !== into.length)
          throw new FormatError(path, member.name, "the file became shorter while it was read");
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readDirectory(file: FileHandle, size: number, path: string): Promise<readonly ZipMember[]> {
  const members: ZipMember[] = [];
  try {
    const zip = await fromRandomAccessReaderPromise(new BoundedReader(file, size), size, {
      autoClose: false,
      // Checked below, behind encryption, which yauzl would call a mismatch of sizes.
      validateEntrySizes: false,
    });
    for await (const entry of zip.eachEntry()) {
      if (members.length === MAX_MEMBERS)
        throw new FormatError(path, "directory", `more than ${MAX_MEMBERS} members`);
      checkEntry(entry, path);
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      members.push({
        name: entry.fileName,
        stored: entry.compressionMethod === STORED,
        bytes: entry.uncompressedSize,
        crc32: entry.crc32,
        start: fileDataStart,
        compressedBytes: entry.compressedSize,
      });
    }
  } catch (error) {
    throw asFormatError(error, path, "ZIP directory");
  }
  return members;
}

function checkEntry(entry: Entry, path: string): void {
  const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry;
  if (entry.isEncrypted()) throw new FormatError(path, fileName, "it is encrypted");
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
    throw new FormatError(path, fileName, `compression method ${compressionMethod} is not read`);
  if (compressionMethod === STORED && compressedSize !== uncompressedSize)
    throw new FormatError(
      path,
      fileName,
      `${compressedSize} bytes are stored, ${uncompressedSize} are declared`,
    );
  if (uncompressedSize > MAX_EXPANSION * (compressedSize + 1))
    throw new FormatError(
      path,
      fileName,
      `${compressedSize} bytes cannot inflate to the ${uncompressedSize} declared`,
    );
}

function checkNames(members: readonly ZipMember[], path: string): void {
  const names = new Set<string>();
  for (const { name } of members) {
    if (names.has(name)) throw new FormatError(path, name, "two members have this name");
    names.add(name);
  }
}

/** Members that share bytes are how a small file holds endless content. */
function checkOverlap(members: readonly ZipMember[], path: string): void {
  let end = 0;
  for (const { name, start, compressedBytes } of [...members].sort((a, b) => a.start - b.start)) {
    if (start - LOCAL_HEADER_BYTES < end)
      throw new FormatError(path, name, "it shares bytes with another member");
    end = start + compressedBytes;
  }
}

async function* checkedContent(
  file: FileHandle,
  member: ZipMember,
  path: string,
): AsyncGenerator<Uint8Array> {
  const raw = rawContent(file, member);
  let bytes = 0;
  let crc = 0;
  try {
    for await (const chunk of member.stored ? raw : inflated(raw)) {
      bytes += chunk.length;
      if (bytes > member.bytes) break;
      crc = continueCrc(chunk, crc);
      yield chunk;
    }
  } catch (error) {
    throw asFormatError(error, path, member.name);
  }
  if (bytes !== member.bytes)
    throw new FormatError(
      path,
      member.name,
      `${bytes < member.bytes ? "fewer" : "more"} bytes than the ${member.bytes} declared`,
    );
  if (crc !== member.crc32)
    throw new FormatError(
      path,
      member.name,
      "its CRC-32 does not fit: it is damaged, or was saved by PyTorch with set_crc32_options(False)",
    );
}

async function* rawContent(
  file: FileHandle,
  { start, compressedBytes }: ZipMember,
): AsyncGenerator<Uint8Array> {
  const end = start + compressedBytes;
  for (let at = start; at < end; at += CHUNK_BYTES) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - at));
    yield chunk.subarray(0, await readAt(file, at, chunk));
  }
}

function inflated(raw: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // What goes wrong in the pipeline ends the iteration with the error, so the callback has nothing to do.
  return pipeline(raw, createInflateRaw(), () => {});
}

/** Whatever yauzl and zlib say of a file's content; errors of the system itself stay what they are. */
function asFormatError(error: unknown, path: string, where: string): unknown {
  if (error instanceof FormatError || !(error instanceof Error) || "syscall" in error) return error;
  return new FormatError(path, where, error.message, { cause: error });
}

/** Keeps yauzl's reads within the file: it takes offsets from the file unchecked. */
class BoundedReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #size: number;

  constructor(file: FileHandle, size: number) {
    super();
    this.#file = file;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (position + length > this.#size) {
      callback(new Error(`byte ${position} is beyond the file's end`));
      return;
    }
    readAt(this.#file, position, buffer.subarray(offset, offset + length)).then(
      () => callback(null),
      callback,
    );
  }
}
