/**
 * What goes through the pipes to and from a worker. A frame: "EPGB", the length of a header (uint32), the header
 * (JSON), then the bytes of the tensors it lists as [name, element type, shape]; all little-endian.
 */
import type { Readable, Writable } from "node:stream";
import { sizeOf } from "../../../harness/program/index.ts";

const MAGIC = Buffer.from("EPGB");
/** A program of ten thousand operations has two megabytes. */
const LONGEST_HEADER = 256 * 2 ** 20;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  bool: Uint8Array,
  uint8: Uint8Array,
} as const;

export interface Payload {
  readonly dtype: keyof typeof ARRAYS;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
}

export type Payloads = Readonly<Record<string, Payload>>;

export interface Frame {
  readonly header: Readonly<Record<string, unknown>>;
  readonly tensors: Payloads;
}

/** Done once all bytes are with the system. @throws where the reader is gone */
export async function writeFrame(to: Writable, { header, tensors }: Frame): Promise<void> {
  const listed = Object.entries(tensors).map(([name, { dtype, shape }]) => [name, dtype, shape]);
  const text = Buffer.from(JSON.stringify({ ...header, tensors: listed }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  await write(to, Buffer.concat([MAGIC, length, text]));
  for (const { data } of Object.values(tensors))
    await write(to, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

const write = (to: Writable, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    to.write(bytes, (error) => (error ? reject(error) : resolve()));
  });

/** What came is no frame. */
export class Garbage extends Error {
  override name = "Garbage";
}

/** The frames of a stream one by one; null at its end. */
export function frameReader(from: Readable): () => Promise<Frame | null> {
  const chunks = from[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Uint8Array = new Uint8Array();

  /** @returns how many bytes were there */
  const fill = async (room: Uint8Array): Promise<number> => {
    let filled = 0;
    while (filled < room.length) {
      if (rest.length === 0) {
        const { value, done } = await chunks.next();
        if (done) break;
        rest = value;
      }
      const part = rest.subarray(0, room.length - filled);
      room.set(part, filled);
      filled += part.length;
      rest = rest.subarray(part.length);
    }
    return filled;
  };
  const require = async (room: Uint8Array): Promise<void> => {
    if ((await fill(room)) < room.length) throw new Garbage("an answer broke off");
  };

  return async () => {
    const start = Buffer.alloc(8);
    const found = start.subarray(0, await fill(start));
    if (found.length === 0) return null;
    if (!found.subarray(0, 4).equals(MAGIC.subarray(0, found.length)))
      throw new Garbage(`an answer began with ${JSON.stringify(found.toString("latin1"))}`);
    if (found.length < start.length) throw new Garbage("an answer broke off");
    const length = start.readUInt32LE(4);
    if (length > LONGEST_HEADER) throw new Garbage(`an answer's header has ${length} bytes`);
    const text = Buffer.alloc(length);
    await require(text);
    const { tensors: listed, ...header } = parsed(text);
    const tensors: Record<string, Payload> = {};
    for (const [name, dtype, shape] of listed) {
      const data = new ARRAYS[dtype](sizeOf(shape));
      await require(new Uint8Array(data.buffer));
      tensors[name] = { dtype, shape, data };
    }
    return { header, tensors };
  };
}

type Listed = [name: string, dtype: Payload["dtype"], shape: number[]];

function parsed(text: Buffer): { tensors: Listed[] } & Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text.toString("utf8"));
  } catch (error) {
    throw new Garbage(`an answer's header is not JSON: ${(error as Error).message}`);
  }
  const { tensors } = Object(header) as { tensors?: unknown };
  if (!Array.isArray(tensors) || !tensors.every(isListed)) throw new Garbage("an answer lists no tensors");
  return header as { tensors: Listed[] };
}

const isListed = (entry: unknown): entry is Listed =>
  Array.isArray(entry) &&
  typeof entry[0] === "string" &&
  Object.hasOwn(ARRAYS, entry[1]) &&
  Array.isArray(entry[2]) &&
  entry[2].every((side) => Number.isInteger(side) && side >= 0);
