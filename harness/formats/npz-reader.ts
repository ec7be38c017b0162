/** NumPy's archives, read: a ZIP of npy files, of which no more is in memory than was asked for. */
import { FormatError } from "./format-error.ts";
import { rowMajorBytes } from "./layout.ts";
import { checkSize, layoutOf, npyArray, npyElements } from "./npy.ts";
import { HEADER_BYTES, type NpyHeader, parseNpyHeader } from "./npy-header.ts";
import type { NumericArray, NumericData } from "./numeric-array.ts";
import { type LazyTensor, type TensorFile, tensorFile } from "./tensor-file.ts";
import { openZip, type ZipArchive, type ZipMember } from "./zip-archive.ts";

/** Rows come in blocks of about this size, unless it is said how many are wanted. */
const BLOCK_BYTES = 2 ** 20;
/** What a deflated array may take in memory; a stored one cannot take more than its file does. */
const MAX_INFLATED_BYTES = 2 ** 30;

export interface NpzEntry extends NpyHeader {
  readonly name: string;
  /** Not compressed: `readRows` works. */
  readonly stored: boolean;
}

/** An open archive. Names are without `.npy`. */
export interface Npz {
  readonly entries: ReadonlyMap<string, NpzEntry>;
  /** The whole array; its CRC-32 is checked. */
  read(name: string): Promise<NumericArray>;
  /**
   * The array in one pass, some whole rows (along the first axis) at a time; its CRC-32 is checked at the end.
   * @param wanted rows at a time, of which the last block may have fewer; so have all where they would take over 1 GiB
   */
  rows(name: string, wanted?: number): AsyncGenerator<NumericData>;
  /** Rows `start` … `end` − 1 of a stored array, without a look at the others. */
  readRows(name: string, start: number, end: number): Promise<NumericData>;
  close(): Promise<void>;
}

/**
 * Opens an archive and reads its arrays' headers. A member that is not an npy file is refused.
 * @throws FormatError
 */
export async function openNpz(path: string): Promise<Npz> {
  const zip = await openZip(path);
  try {
    return await npzOf(zip, path);
  } catch (error) {
    await zip.close();
    throw error;
  }
}

async function npzOf(zip: ZipArchive, path: string): Promise<Npz> {
  const entries = new Map<string, NpzEntry>();
  const members = new Map<string, ZipMember>();
  for (const member of zip.members) {
    const entry = await readEntry(zip, member, path);
    entries.set(entry.name, entry);
    members.set(entry.name, member);
  }
  return new OpenNpz(path, zip, entries, members);
}

/** An open ZIP file of npy files as a file of tensors. */
export async function npzTensors(zip: ZipArchive, path: string): Promise<TensorFile> {
  const npz = await npzOf(zip, path);
  const tensors = new Map<string, LazyTensor>();
  for (const [name, entry] of npz.entries) {
    const { dtype, shape, dataStart } = entry;
    const member = zip.members.find((one) => one.name === `${name}${EXTENSION}`)!;
    const content = () => rowMajorBytes(behind(dataStart, zip.content(member)), layoutOf(entry));
    tensors.set(name, { dtype, shape, content });
  }
  return tensorFile("npz", npz, { tensors });
}

const EXTENSION = ".npy";

export const isArray = ({ name }: ZipMember): boolean => name.endsWith(EXTENSION);

async function readEntry(zip: ZipArchive, member: ZipMember, path: string): Promise<NpzEntry> {
  if (!isArray(member))
    throw new FormatError(path, member.name, "not an array: its name does not end in .npy");
  const where = `${path}/${member.name}`;
  const header = parseNpyHeader(await beginning(zip.content(member), HEADER_BYTES), where);
  checkSize(header, member.bytes, where);
  return { ...header, name: member.name.slice(0, -EXTENSION.length), stored: member.stored };
}

async function beginning(content: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks).subarray(0, bytes);
}

class OpenNpz implements Npz {
  readonly entries: ReadonlyMap<string, NpzEntry>;
  readonly #path: string;
  readonly #zip: ZipArchive;
  readonly #members: ReadonlyMap<string, ZipMember>;

  constructor(
    path: string,
    zip: ZipArchive,
    entries: ReadonlyMap<string, NpzEntry>,
    members: ReadonlyMap<string, ZipMember>,
  ) {
    this.#path = path;
    this.#zip = zip;
    this.entries = entries;
    this.#members = members;
  }

  async read(name: string): Promise<NumericArray> {
    const { entry, member } = this.#find(name);
    if (!entry.stored) this.#limit(entry, entry.dataBytes);
    const data = new Uint8Array(entry.dataBytes);
    let at = -entry.dataStart;
    for await (const chunk of this.#zip.content(member)) {
      const skipped = Math.min(Math.max(0, -at), chunk.length);
      data.set(chunk.subarray(skipped), at + skipped);
      at += chunk.length;
    }
    return npyArray(entry, data);
  }

  async *rows(name: string, wanted?: number): AsyncGenerator<NumericData> {
    const { entry, member } = this.#find(name);
    const rowBytes = this.#rowBytes(entry);
    this.#limit(entry, rowBytes);
    const within = (bytes: number) => Math.max(1, Math.floor(bytes / Math.max(1, rowBytes)));
    const rows = Math.min(wanted ?? within(BLOCK_BYTES), within(MAX_INFLATED_BYTES), entry.shape[0]!);
    for await (const block of blocks(this.#zip.content(member), entry.dataStart, rows * rowBytes))
      yield npyElements(entry, block);
  }

  async readRows(name: string, start: number, end: number): Promise<NumericData> {
    const { entry, member } = this.#find(name);
    if (!entry.stored)
      throw new FormatError(this.#path, name, "it is compressed: its rows come in one pass only");
    const rowBytes = this.#rowBytes(entry);
    if (!(0 <= start && start <= end && end <= entry.shape[0]!))
      throw new RangeError(`${this.#path}: rows ${start} to ${end} of ${entry.shape[0]} in ${name}`);
    const bytes = new Uint8Array((end - start) * rowBytes);
    await this.#zip.readStored(member, entry.dataStart + start * rowBytes, bytes);
    return npyElements(entry, bytes);
  }

  close(): Promise<void> {
    return this.#zip.close();
  }

  #find(name: string): { entry: NpzEntry; member: ZipMember } {
    const entry = this.entries.get(name);
    const member = this.#members.get(name);
    if (!entry || !member) throw new FormatError(this.#path, name, "there is no such array in the archive");
    return { entry, member };
  }

  #rowBytes({ name, shape, fortranOrder, dataBytes }: NpzEntry): number {
    if (shape.length === 0) throw new FormatError(this.#path, name, "it is one number and has no rows");
    if (fortranOrder && shape.length > 1)
      throw new FormatError(this.#path, name, "it is in Fortran order: it can only be read whole");
    return shape[0] === 0 ? 0 : dataBytes / shape[0]!;
  }

  #limit({ name }: NpzEntry, bytes: number): void {
    if (bytes > MAX_INFLATED_BYTES)
      throw new FormatError(
        this.#path,
        name,
        `${bytes} bytes at once, at most ${MAX_INFLATED_BYTES} are read`,
      );
  }
}

/** `content` without its first `skip` bytes, cut into blocks; the last may be shorter. */
async function* blocks(
  content: AsyncIterable<Uint8Array>,
  skip: number,
  blockBytes: number,
): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(blockBytes);
  let filled = 0;
  let skipped = 0;
  for await (const chunk of content) {
    let at = Math.min(skip - skipped, chunk.length);
    skipped += at;
    while (at < chunk.length) {
      const part = chunk.subarray(at, at + blockBytes - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < blockBytes) continue;
      yield block;
      block = new Uint8Array(blockBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

/** `content` without its first `skip` bytes. */
async function* behind(skip: number, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = skip;
  for await (const chunk of content) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
