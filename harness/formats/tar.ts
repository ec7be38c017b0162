/** Tar archives (POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU long names) of any size, as webdataset's shards are. */
import { type FileHandle, open } from "node:fs/promises";
import { readAt } from "./atomic.ts";
import { fileSlice } from "./file-slice.ts";
import { FormatError } from "./format-error.ts";
import { collect } from "./layout.ts";
import { isWhole } from "./numeric-array.ts";

const BLOCK = 512;
/** What a long name or a pax header may take. */
const MAX_EXTENSION_BYTES = 2 ** 20;
/** What a name may take: as much as Linux allows a path. */
const MAX_NAME_BYTES = 4096;
/** What one member may take in memory. */
const MAX_MEMBER_BYTES = 2 ** 30;

export interface TarMember {
  readonly name: string;
  readonly bytes: number;
  /** Where in the archive its content begins. */
  readonly start: number;
}

export interface Tar {
  /** Its files, in the archive's order; folders and links are left out. */
  readonly members: readonly TarMember[];
  read(member: TarMember): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens an archive and reads its headers; nothing is written anywhere, whatever the names.
 * @throws FormatError
 */
export async function openTar(path: string): Promise<Tar> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const members: TarMember[] = [];
    for await (const member of membersOf(file, path, size)) members.push(member);
    return {
      members,
      read: (member) => contentOf(file, path, member),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a member of an archive that was opened, and closed, before: thousands of shards need not stay open.
 * @throws FormatError
 */
export async function readTarMember(path: string, member: TarMember): Promise<Uint8Array> {
  const file = await open(path);
  try {
    return await contentOf(file, path, member);
  } finally {
    await file.close();
  }
}

async function contentOf(
  file: FileHandle,
  path: string,
  { name, start, bytes }: TarMember,
): Promise<Uint8Array> {
  if (bytes > MAX_MEMBER_BYTES)
    throw new FormatError(path, name, `${bytes} bytes, at most ${MAX_MEMBER_BYTES} are read`);
  return collect(fileSlice(file, path, start, start + bytes), bytes);
}

/** What a pax header or a long name says of the next member. */
interface Extension {
  readonly path?: string;
  readonly size?: number;
}

async function* membersOf(file: FileHandle, path: string, size: number): AsyncGenerator<TarMember> {
  let extension: Extension = {};
  for (let at = 0; at < size; ) {
    const block = Buffer.alloc(BLOCK);
    if ((await readAt(file, at, block)) < BLOCK)
      throw new FormatError(path, `byte ${at}`, "the archive ends in the middle of a header");
    // Zeros end the archive.
    if (block.every((byte) => byte === 0)) return;
    const header = headerOf(block, path, at);
    const bytes = extension.size ?? header.bytes;
    const start = at + BLOCK;
    if (start + bytes > size)
      throw new FormatError(
        path,
        `byte ${at}`,
        `${bytes} bytes are announced, the archive has ${size - start} more`,
      );
    if (header.type === "x" || header.type === "L") {
      if (bytes > MAX_EXTENSION_BYTES)
        throw new FormatError(path, `byte ${at}`, `a name or header of ${bytes} bytes`);
      const text = Buffer.from(await collect(fileSlice(file, path, start, start + bytes), bytes));
      const found = header.type === "x" ? paxFields(text, path, at) : { path: upToZero(text) };
      extension = { ...extension, ...found };
      if (Buffer.byteLength(extension.path ?? "") > MAX_NAME_BYTES)
        throw new FormatError(path, `byte ${at}`, `a name of more than ${MAX_NAME_BYTES} bytes`);
    } else {
      if (header.type === "0" || header.type === "\0")
        yield { name: extension.path ?? header.name, bytes, start };
      extension = {};
    }
    at = start + Math.ceil(bytes / BLOCK) * BLOCK;
  }
}

function headerOf(block: Buffer, path: string, at: number) {
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== numberIn(block.subarray(148, 156)))
    throw new FormatError(path, `byte ${at}`, "no tar header: its checksum does not fit");
  const bytes = numberIn(block.subarray(124, 136));
  if (!isWhole(bytes)) throw new FormatError(path, `byte ${at}`, "a member's size is no number");
  const isUstar = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isUstar ? upToZero(block.subarray(345, 500)) : "";
  const name = upToZero(block.subarray(0, 100));
  return { name: prefix === "" ? name : `${prefix}/${name}`, bytes, type: String.fromCharCode(block[156]!) };
}

/** Octal digits, or where they do not suffice, big-endian bytes behind a set bit. NaN where it is neither. */
function numberIn(field: Buffer): number {
  if (field[0] === 0x80) return Number(BigInt(`0x${field.toString("hex", 1)}`));
  const digits = field
    .toString("latin1")
    .replace(/[\0 ]+$/, "")
    .trimStart();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : Number.NaN;
}

function upToZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** Records of "length key=value\n", the length counting itself. */
function paxFields(text: Buffer, path: string, at: number): Extension {
  let found: Extension = {};
  for (let from = 0; from < text.length; ) {
    const [all, digits, key] = /^(\d{1,7}) ([^=]*)=/.exec(text.toString("latin1", from, from + 300)) ?? [];
    const length = Number(digits);
    if (all === undefined || length <= all.length || from + length > text.length)
      throw new FormatError(path, `byte ${at}`, "a pax header whose records do not fit");
    const value = text.toString("utf8", from + all.length, from + length - 1);
    if (key === "path") found = { ...found, path: value };
    if (key === "size") {
      if (!/^\d+$/.test(value) || !isWhole(Number(value)))
        throw new FormatError(path, `byte ${at}`, "a member's size is no number");
      found = { ...found, size: Number(value) };
    }
    from += length;
  }
  return found;
}
