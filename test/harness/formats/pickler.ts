/** Python's pickles and PyTorch's checkpoints, written for tests. */
import { asBytes, bytesPerElement, type NumericArray } from "../../../harness/formats/numeric-array.ts";
import { zipFile } from "./zip-writer.ts";

const op = (code: number | string, ...parts: Uint8Array[]): Buffer =>
  Buffer.concat([typeof code === "number" ? Buffer.of(code) : Buffer.from(code, "latin1"), ...parts]);

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const none = op("N");
export const boolean = (value: boolean): Buffer => op(value ? 0x88 : 0x89);

export function integer(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  bytes.writeBigInt64LE(BigInt(value) >> 64n, 8);
  return op(0x8a, Buffer.of(16), bytes);
}

export function float(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return op("G", bytes);
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return op("X", uint32(bytes.length), bytes);
}

export const bytes = (value: Uint8Array): Buffer => op("B", uint32(value.length), value);
export const list = (items: readonly Buffer[]): Buffer => op("](", ...items, Buffer.from("e"));
export const tuple = (...items: readonly Buffer[]): Buffer => op("(", ...items, Buffer.from("t"));
export const integers = (values: readonly number[]): Buffer => tuple(...values.map(integer));
export const dictionary = (items: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  op("}(", ...items.flat(), Buffer.from("u"));
export const named = (module: string, name: string): Buffer => op("c", Buffer.from(`${module}\n${name}\n`));
export const call = (callee: Buffer, ...args: Buffer[]): Buffer =>
  Buffer.concat([callee, tuple(...args), Buffer.from("R")]);
export const build = (object: Buffer, state: Buffer): Buffer =>
  Buffer.concat([object, state, Buffer.from("b")]);

export const pickle = (body: Buffer, protocol = 2): Buffer =>
  Buffer.concat([Buffer.of(0x80, protocol), body, Buffer.from(".")]);

/** A tensor of a checkpoint: its storage's array, and the view. */
export interface Saved {
  readonly storage: NumericArray;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const STORAGES: Readonly<Record<string, string>> = {
  float64: "Double",
  float32: "Float",
  float16: "Half",
  bfloat16: "BFloat16",
  int64: "Long",
  int32: "Int",
  int16: "Short",
  int8: "Char",
  uint8: "Byte",
  bool: "Bool",
};

export const TORCH_TYPES = Object.keys(STORAGES) as NumericArray["dtype"][];

export function tensor({ storage, offset, shape, strides }: Saved, key: string, legacy = false): Buffer {
  const id = tuple(
    text("storage"),
    named("torch", `${STORAGES[storage.dtype]}Storage`),
    text(key),
    text("cpu"),
    integer(storage.data.length),
    ...(legacy ? [none] : []),
  );
  return call(
    named("torch._utils", "_rebuild_tensor_v2"),
    Buffer.concat([id, Buffer.from("Q")]),
    integer(offset),
    integers(shape),
    integers(strides),
    boolean(false),
    call(named("collections", "OrderedDict")),
  );
}

const state = (tensors: readonly (readonly [string, Saved])[], legacy: boolean): Buffer =>
  dictionary(tensors.map(([name, saved], key) => [text(name), tensor(saved, String(key), legacy)]));

export const torchZip = (tensors: readonly (readonly [string, Saved])[], deflated = false): Buffer =>
  zipFile(
    [
      ["x/data.pkl", pickle(state(tensors, false))],
      ["x/byteorder", Buffer.from("little")],
      ...tensors.map(([, { storage }], key) => [`x/data/${key}`, asBytes(storage.data)] as const),
    ],
    deflated ? "deflated" : "stored",
  );

export function torchLegacy(tensors: readonly (readonly [string, Saved])[]): Buffer {
  const lengths = tensors.map(([, { storage }]) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(storage.data.length));
    return Buffer.concat([length, asBytes(storage.data)]);
  });
  return Buffer.concat([
    pickle(integer(0x1950a86a20f9469cfc6cn)),
    pickle(integer(1001)),
    pickle(dictionary([[text("little_endian"), boolean(true)]])),
    pickle(state(tensors, true)),
    pickle(list(tensors.map((_, key) => text(String(key))))),
    ...lengths,
  ]);
}

/** What a view is to read as, element by element. */
export function viewed({ storage, offset, shape, strides }: Saved): Buffer {
  const size = bytesPerElement(storage.dtype);
  const all = asBytes(storage.data);
  const elements: Uint8Array[] = [];
  const walk = (axis: number, at: number): void => {
    if (axis === shape.length) elements.push(all.subarray(at * size, (at + 1) * size));
    else for (let i = 0; i < shape[axis]!; i++) walk(axis + 1, at + i * strides[axis]!);
  };
  walk(0, offset);
  return Buffer.concat(elements);
}
