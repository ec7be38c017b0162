/** NumPy's archives, written: stored, so that any row can be read by itself. */
import type { FileHandle } from "node:fs/promises";
import { writeAtomically } from "./atomic.ts";
import { npyHeader } from "./npy-header.ts";
import {
  bytesPerElement,
  checkedBytes,
  type ElementType,
  elementsOf,
  type NumericData,
} from "./numeric-array.ts";
import {
  CRC_OFFSET,
  centralHeader,
  continueCrc,
  endOfDirectory,
  localHeader,
  type StoredMember,
} from "./zip-records.ts";

/** An array in memory, or one whose data come piece by piece, in row-major order. */
export interface ArraySource {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly data: NumericData | AsyncIterable<NumericData>;
}

/**
 * Writes an archive that `numpy.load` reads, whole or not at all; the same arrays make the same bytes.
 * Memory holds one piece of data at a time.
 * @param arrays by name, without `.npy`
 * @throws RangeError where data do not fill their shape
 */
export function writeNpz(path: string, arrays: Readonly<Record<string, ArraySource>>): Promise<void> {
  return writeAtomically(path, async (file) => {
    const members: StoredMember[] = [];
    let offset = 0;
    for (const [name, source] of Object.entries(arrays)) {
      const member = await writeMember(file, `${name}.npy`, source, offset);
      members.push(member);
      offset += localHeader(member).length + member.bytes;
    }
    const directory = Buffer.concat(members.map(centralHeader));
    await file.writeFile(directory);
    await file.writeFile(endOfDirectory(members.length, directory.length, offset));
  });
}

async function writeMember(
  file: FileHandle,
  name: string,
  source: ArraySource,
  offset: number,
): Promise<StoredMember> {
  const { dtype, shape } = source;
  const header = npyHeader(dtype, shape);
  const dataBytes = elementsOf(shape)! * bytesPerElement(dtype);
  const declared = { name, bytes: header.length + dataBytes, crc32: 0, offset };
  await file.writeFile(localHeader(declared));
  await file.writeFile(header);
  let crc = continueCrc(header, 0);
  let written = 0;
  for await (const bytes of pieces(name, source)) {
    written += bytes.length;
    if (written > dataBytes) break;
    crc = continueCrc(bytes, crc);
    await file.writeFile(bytes);
  }
  if (written !== dataBytes)
    throw new RangeError(
      `${name}: ${written > dataBytes ? "more" : "fewer"} data than the shape [${shape.join(", ")}] takes`,
    );
  // The header stands before the content and the CRC is known after it.
  const field = Buffer.alloc(4);
  field.writeUInt32LE(crc);
  await file.write(field, 0, 4, offset + CRC_OFFSET);
  return { ...declared, crc32: crc };
}

async function* pieces(name: string, { dtype, shape, data }: ArraySource): AsyncGenerator<Uint8Array> {
  if (ArrayBuffer.isView(data)) yield checkedBytes(name, { dtype, shape, data });
  else
    for await (const piece of data) yield checkedBytes(name, { dtype, shape: [piece.length], data: piece });
}
