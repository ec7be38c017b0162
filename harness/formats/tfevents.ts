/**
 * TensorBoard event files of scalars: TFRecord framing (tensorflow/core/lib/io/record_writer.h) around Event protocol
 * buffers (tensorflow/core/util/event.proto, framework/summary.proto).
 */
import protobuf from "protobufjs";

export interface ScalarEvent {
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** Kept as float32. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** An event file, whole. TensorBoard looks for names that begin with `events.out.tfevents.`. */
export function encodeEvents(events: readonly ScalarEvent[]): Uint8Array {
  const wallTime = events[0]?.wallTime ?? 0;
  return Buffer.concat([fileVersion(wallTime), ...events.map(encodeEvent)].map(framed));
}

const DOUBLE = 1;
const VARINT = 0;
const BYTES = 2;
const FLOAT = 5;
/** A field's number and wire type. */
const tag = (field: number, wire: number): number => (field << 3) | wire;

/** What every event file begins with. */
const fileVersion = (wallTime: number): Uint8Array =>
  protobuf.Writer.create()
    .uint32(tag(1, DOUBLE))
    .double(wallTime)
    .uint32(tag(3, BYTES))
    .string("brain.Event:2")
    .finish();

/** Event { double wall_time = 1; int64 step = 2; Summary summary = 5 { repeated Value value = 1 } } */
function encodeEvent({ step, wallTime, scalars }: ScalarEvent): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(tag(1, DOUBLE)).double(wallTime).uint32(tag(2, VARINT)).int64(step);
  writer.uint32(tag(5, BYTES)).fork();
  // Value { string tag = 1; float simple_value = 2 }
  for (const [name, value] of Object.entries(scalars))
    writer
      .uint32(tag(1, BYTES))
      .fork()
      .uint32(tag(1, BYTES))
      .string(name)
      .uint32(tag(2, FLOAT))
      .float(value)
      .ldelim();
  return writer.ldelim().finish();
}

/** uint64 length, its masked CRC, the data, theirs; little-endian. */
function framed(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(8 + 4 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length));
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return record;
}

/** Rotated right by 15 bits plus a constant: a CRC of data that holds CRCs would be weak (tensorflow/core/lib/hash/crc32c.h). */
function maskedCrc32c(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32C (RFC 3720, B.4), unsigned. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
