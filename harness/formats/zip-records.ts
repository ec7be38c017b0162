/**
 * The records of a ZIP file of stored members (PKWARE APPNOTE 6.3.10, §4.3 and §4.5.3), with ZIP64 fields
 * where, and only where, a number needs them.
 */

import { crc32 } from "node:zlib";

export interface StoredMember {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
/** Versions that know stored members in folders, and ZIP64. */
const VERSION = 20;
const VERSION_ZIP64 = 45;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1 January 1980: the same content is the same file. */
const DOS_DATE = 0x0021;
const ZIP64_EXTRA = 0x0001;

/** Where in a local header its CRC-32 is, for whoever knows it only after the content. */
export const CRC_OFFSET = 14;

/** The CRC-32 of what `crc` is of, followed by `bytes`. Node's own forgets `crc` where there are no bytes. */
export const continueCrc = (bytes: Uint8Array, crc: number): number =>
  bytes.length === 0 ? crc : crc32(bytes, crc);

export function localHeader({ name, bytes, crc32 }: StoredMember): Buffer {
  const large = bytes >= MAX_32;
  const extra = large ? zip64Extra([bytes, bytes]) : Buffer.alloc(0);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(large ? VERSION_ZIP64 : VERSION, 4);
  writeCommon(header.subarray(6), name, Math.min(bytes, MAX_32), crc32, extra);
  return Buffer.concat([header, Buffer.from(name), extra]);
}

export function centralHeader({ name, bytes, crc32, offset }: StoredMember): Buffer {
  const large = [bytes, bytes, offset].filter((value) => value >= MAX_32);
  const extra = large.length > 0 ? zip64Extra(large) : Buffer.alloc(0);
  const version = large.length > 0 ? VERSION_ZIP64 : VERSION;
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(version, 4);
  header.writeUInt16LE(version, 6);
  writeCommon(header.subarray(8), name, Math.min(bytes, MAX_32), crc32, extra);
  header.writeUInt32LE(Math.min(offset, MAX_32), 42);
  return Buffer.concat([header, Buffer.from(name), extra]);
}

/** What ends the file, behind `members` central headers that take `bytes` from `offset` on. */
export function endOfDirectory(members: number, bytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(members, MAX_16), 8);
  end.writeUInt16LE(Math.min(members, MAX_16), 10);
  end.writeUInt32LE(Math.min(bytes, MAX_32), 12);
  end.writeUInt32LE(Math.min(offset, MAX_32), 16);
  const large = members >= MAX_16 || bytes >= MAX_32 || offset >= MAX_32;
  return large ? Buffer.concat([zip64End(members, bytes, offset), end]) : end;
}

/** From the flags to the extra field's length: alike in both headers. */
function writeCommon(fields: Buffer, name: string, bytes: number, crc32: number, extra: Buffer): void {
  fields.writeUInt16LE(FLAGS, 0);
  fields.writeUInt16LE(DOS_DATE, 6);
  fields.writeUInt32LE(crc32, 8);
  fields.writeUInt32LE(bytes, 12);
  fields.writeUInt32LE(bytes, 16);
  fields.writeUInt16LE(Buffer.byteLength(name), 20);
  fields.writeUInt16LE(extra.length, 22);
}

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(ZIP64_EXTRA, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [i, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
  return extra;
}

/** The ZIP64 end record and its locator. */
function zip64End(members: number, bytes: number, offset: number): Buffer {
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(56n - 12n, 4);
  record.writeUInt16LE(VERSION_ZIP64, 12);
  record.writeUInt16LE(VERSION_ZIP64, 14);
  record.writeBigUInt64LE(BigInt(members), 24);
  record.writeBigUInt64LE(BigInt(members), 32);
  record.writeBigUInt64LE(BigInt(bytes), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(offset + bytes), 64);
  record.writeUInt32LE(1, 72);
  return record;
}
