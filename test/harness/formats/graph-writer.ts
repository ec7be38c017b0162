/** Writes frozen graphs of constants: node { name, op: "Const", attr { value { tensor } } }. */
import protobuf, { type Writer } from "protobufjs";

export interface WrittenConstant {
  readonly name: string;
  readonly shape: readonly number[];
  /** DataType; 1 (float) where none is given. */
  readonly type?: number;
  /** Raw little-endian bytes. */
  readonly content?: Uint8Array;
  /** Listed in float_val, packed. */
  readonly values?: readonly number[];
}

/** A length-delimited field. */
const within = (writer: Writer, field: number, bytes: Uint8Array): Writer =>
  writer.uint32((field << 3) | 2).bytes(bytes);

const message = (fill: (writer: Writer) => void): Uint8Array => {
  const writer = protobuf.Writer.create();
  fill(writer);
  return writer.finish();
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function tensor({ shape, type = 1, content, values }: WrittenConstant): Uint8Array {
  const dimensions = message((writer) => {
    for (const side of shape)
      within(
        writer,
        2,
        message((dimension) => dimension.uint32(8).int64(side)),
      );
  });
  return message((writer) => {
    within(writer.uint32(8).int32(type), 2, dimensions);
    if (content) within(writer, 4, content);
    if (values)
      within(
        writer,
        5,
        message((packed) => {
          for (const value of values) packed.float(value);
        }),
      );
  });
}

export const graphOf = (constants: readonly WrittenConstant[]): Uint8Array =>
  message((writer) => {
    for (const constant of constants) {
      const value = message((attribute) => within(attribute, 8, tensor(constant)));
      const entry = message((pair) => within(within(pair, 1, text("value")), 2, value));
      const node = message((fields) =>
        within(within(within(fields, 1, text(constant.name)), 2, text("Const")), 5, entry),
      );
      within(writer, 1, node);
    }
  });
