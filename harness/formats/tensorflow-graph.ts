/**
 * The constants of a frozen TensorFlow graph: a GraphDef protocol buffer (tensorflow/core/framework/graph.proto,
 * attr_value.proto, tensor.proto). Only nodes of op Const are kept, and of those what is needed to read them;
 * a constant's numbers are made when asked for, so that a few bytes cannot claim memory.
 */
import protobuf, { type Reader } from "protobufjs";
import { FormatError } from "./format-error.ts";
import {
  asElements,
  bytesPerElement,
  type ElementType,
  elementsOf,
  type NumericArray,
} from "./numeric-array.ts";

export interface GraphConstant {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** @throws FormatError where the stored values do not fill the shape */
  read(): NumericArray;
}

/** DataType of types.proto; constants of other types (strings) are left aside. */
const TYPES: ReadonlyMap<number, ElementType> = new Map([
  [1, "float32"],
  [2, "float64"],
  [3, "int32"],
  [4, "uint8"],
  [5, "int16"],
  [6, "int8"],
  [9, "int64"],
  [10, "bool"],
  [14, "bfloat16"],
  [19, "float16"],
]);

/** 2²⁷ elements in one constant: what a scalar spread over a shape may take. */
const MAX_ELEMENTS = 2 ** 27;
const MAX_RANK = 32;

/** Wire types of protocol buffers. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const GROUP_START = 3;
const GROUP_END = 4;

/**
 * Constants by node name, in a record without a prototype.
 * @param file what errors call it
 * @throws FormatError for what is no GraphDef
 */
export function decodeGraphConstants(
  bytes: Uint8Array,
  file = "graph data",
): Readonly<Record<string, GraphConstant>> {
  const constants: Record<string, GraphConstant> = Object.create(null);
  try {
    for (const { id, wire, reader } of fieldsOf(bytes)) {
      if (id !== 1 || wire !== LENGTH_DELIMITED) {
        skip(reader, wire);
        continue;
      }
      const node = nodeOf(reader.bytes());
      if (node.op !== "Const" || !node.value) continue;
      if (node.name in constants) throw new FormatError(file, `node ${node.name}`, "is there twice");
      const constant = constantOf(node.value, file, node.name);
      if (constant) constants[node.name] = constant;
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(file, "protocol buffer", (error as Error).message, { cause: error });
  }
  return constants;
}

interface Field {
  readonly id: number;
  readonly wire: number;
  /** Stands at the field's value, which must be read or skipped before the next field. */
  readonly reader: Reader;
}

function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    yield { id: tag >>> 3, wire: tag & 7, reader };
  }
}

/** Groups, which nest, are in none of the messages. */
function skip(reader: Reader, wire: number): void {
  if (wire === GROUP_START || wire === GROUP_END)
    throw new Error(`a group at byte ${reader.pos}, which no GraphDef has`);
  reader.skipType(wire);
}

/** The last value of a length-delimited field; null where there is none. */
function submessage(message: Uint8Array, wanted: number): Uint8Array | null {
  let found: Uint8Array | null = null;
  for (const { id, wire, reader } of fieldsOf(message))
    if (id === wanted && wire === LENGTH_DELIMITED) found = reader.bytes();
    else skip(reader, wire);
  return found;
}

/** NodeDef: name 1, op 2, attr 5 (a map entry: key 1, AttrValue 2, whose tensor is 8). */
function nodeOf(message: Uint8Array): { name: string; op: string; value: Uint8Array | null } {
  const node = { name: "", op: "", value: null as Uint8Array | null };
  for (const { id, wire, reader } of fieldsOf(message)) {
    if (wire !== LENGTH_DELIMITED) skip(reader, wire);
    else if (id === 1) node.name = reader.string();
    else if (id === 2) node.op = reader.string();
    else if (id === 5) {
      const entry = reader.bytes();
      const attribute = textOf(submessage(entry, 1)) === "value" ? submessage(entry, 2) : null;
      if (attribute) node.value = submessage(attribute, 8);
    } else reader.skipType(wire);
  }
  return node;
}

const textOf = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString("latin1");

/** TensorProto: dtype 1, tensor_shape 2, tensor_content 4, and a repeated field of values by type. */
function constantOf(tensor: Uint8Array, file: string, name: string): GraphConstant | null {
  let type = 0;
  let shape: readonly number[] = [];
  for (const { id, wire, reader } of fieldsOf(tensor)) {
    if (id === 1 && wire === VARINT) type = reader.int32();
    else if (id === 2 && wire === LENGTH_DELIMITED) shape = shapeOf(reader.bytes());
    else skip(reader, wire);
  }
  const dtype = TYPES.get(type);
  if (dtype === undefined) return null;
  const where = `node ${name}`;
  const elements = elementsOf(shape);
  if (elements === null || elements > MAX_ELEMENTS || shape.length > MAX_RANK)
    throw new FormatError(file, where, `its shape [${shape.slice(0, MAX_RANK)}] is none that can be held`);
  return {
    dtype,
    shape,
    read: () => ({
      dtype,
      shape,
      data: dataOf(tensor, dtype, elements, (why) => new FormatError(file, where, why)),
    }),
  };
}

/** TensorShapeProto: dim 2 (size 1). A size left out is 0. */
function shapeOf(message: Uint8Array): number[] {
  const sides: number[] = [];
  for (const { id, wire, reader } of fieldsOf(message)) {
    if (id !== 2 || wire !== LENGTH_DELIMITED) {
      skip(reader, wire);
      continue;
    }
    let size = 0;
    for (const field of fieldsOf(reader.bytes()))
      if (field.id === 1 && field.wire === VARINT) size = Number(field.reader.int64().toString());
      else skip(field.reader, field.wire);
    sides.push(size);
  }
  return sides;
}

/** The repeated field that holds a type's values, and how one is read. */
const VALUES: Readonly<
  Partial<Record<ElementType, readonly [field: number, read: (reader: Reader) => number | bigint]>>
> = {
  float32: [5, (reader) => reader.float()],
  float64: [6, (reader) => reader.double()],
  int32: [7, (reader) => reader.int32()],
  int16: [7, (reader) => reader.int32()],
  int8: [7, (reader) => reader.int32()],
  uint8: [7, (reader) => reader.int32()],
  int64: [10, (reader) => BigInt(reader.int64().toString())],
  bool: [11, (reader) => Number(reader.bool())],
  float16: [13, (reader) => reader.int32()],
  bfloat16: [13, (reader) => reader.int32()],
};

/** Raw little-endian content, or values of which the last is repeated to fill the shape. */
function dataOf(
  tensor: Uint8Array,
  dtype: ElementType,
  elements: number,
  problem: (why: string) => FormatError,
): NumericArray["data"] {
  const bytes = elements * bytesPerElement(dtype);
  const content = submessage(tensor, 4);
  if (content && content.length > 0) {
    if (content.length !== bytes)
      throw problem(`it has ${content.length} bytes, and its shape takes ${bytes}`);
    return asElements(dtype, content);
  }
  const data = asElements(dtype, new Uint8Array(bytes)) as Float32Array;
  const listed = copyListed(tensor, dtype, data);
  if (listed > elements) throw problem(`it lists ${listed} values, more than the ${elements} of its shape`);
  if (listed > 0) data.fill(data[listed - 1]!, listed);
  return data;
}

/** Copies values listed one by one into `data` as far as it goes; returns how many there are. */
function copyListed(tensor: Uint8Array, dtype: ElementType, data: Float32Array): number {
  const [field, read] = VALUES[dtype]!;
  let listed = 0;
  const take = (reader: Reader): void => {
    data[listed++] = read(reader) as number;
  };
  for (const { id, wire, reader } of fieldsOf(tensor)) {
    if (id !== field) skip(reader, wire);
    else if (wire !== LENGTH_DELIMITED) take(reader);
    else {
      const packed = protobuf.Reader.create(reader.bytes());
      while (packed.pos < packed.len) take(packed);
    }
  }
  return listed;
}
