/** PyTorch's tensors and storages in pickles, as data. */
import { type Layout, spanBytes } from "./layout.ts";
import { bytesPerElement, type ElementType, elementsOf } from "./numeric-array.ts";
import { brief, PickleError, PickleGlobal, wholeNumber, wholeNumbers } from "./pickle-objects.ts";
import { type GlobalTable, globalTable } from "./python-names.ts";

/** Elements that several tensors may share, somewhere in the checkpoint. */
export class TorchStorage {
  /** What the checkpoint calls it. */
  readonly key: string;
  /** null where it is bytes of any type. */
  readonly dtype: ElementType | null;
  /** Where it begins in what the key names: views in the oldest checkpoints begin behind it. */
  readonly start: number;
  readonly bytes: number;
  /** Bytes of all that the key names, as the pickle declares them. */
  readonly declaredBytes: number;

  constructor(
    key: string,
    dtype: ElementType | null,
    declaredBytes: number,
    start = 0,
    bytes = declaredBytes,
  ) {
    this.key = key;
    this.dtype = dtype;
    this.declaredBytes = declaredBytes;
    this.start = start;
    this.bytes = bytes;
  }
}

const MAX_AXES = 64;

/** A view of a storage. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly layout: Omit<Layout, "bigEndian">;
  /** Where its first element is, in bytes from the storage's beginning. */
  readonly offset: number;

  /** @throws PickleError where it does not lie within its storage */
  constructor(storage: unknown, offset: unknown, shape: unknown, strides: unknown, type?: ElementType) {
    if (!(storage instanceof TorchStorage))
      throw new PickleError(`a tensor over ${brief(storage)}, not a storage`);
    const dtype = type ?? storage.dtype;
    if (!dtype) throw new PickleError("a tensor over bytes, without a type");
    this.storage = storage;
    this.layout = {
      dtype,
      shape: wholeNumbers(shape, "a tensor's shape"),
      strides: wholeNumbers(strides, "a tensor's strides"),
    };
    this.offset = wholeNumber(offset, "a tensor's offset") * bytesPerElement(dtype);
    this.#check();
  }

  #check(): void {
    const { shape, strides } = this.layout;
    const told = `a tensor of shape (${shape.slice(0, 8).join(", ")})`;
    if (shape.length !== strides.length || shape.length > MAX_AXES)
      throw new PickleError(`${told} has ${shape.length} axes and ${strides.length} strides`);
    const elements = elementsOf(shape);
    if (elements === null) throw new PickleError(`${told} has too many elements`);
    const end = elements === 0 ? 0 : this.offset + spanBytes({ ...this.layout, bigEndian: false });
    if (!(end <= this.storage.bytes))
      throw new PickleError(`${told} ends at byte ${end} of a storage of ${this.storage.bytes}`);
  }
}

/**
 * A storage from a persistent id: "storage", its type, its key, a device, its number of elements, and in
 * legacy files the part of it that is meant (torch/serialization.py, persistent_id).
 */
export function torchStorage(id: unknown): TorchStorage {
  if (!Array.isArray(id) || id[0] !== "storage")
    throw new PickleError(`a persistent id of ${brief(Array.isArray(id) ? id[0] : id)}, not of a storage`);
  const [, type, key, , elements, view] = id;
  const dtype = type instanceof PickleGlobal ? STORAGE_TYPES.get(type.name) : undefined;
  if (dtype === undefined) throw new PickleError(`a storage of ${brief(type)}`);
  if (typeof key !== "string") throw new PickleError(`a storage's key is ${brief(key)}`);
  const size = dtype === null ? 1 : bytesPerElement(dtype);
  const whole = new TorchStorage(key, dtype, wholeNumber(elements, "a storage's size") * size);
  if (view === undefined || view === null) return whole;
  const [offset, length] = wholeNumbers(Array.isArray(view) ? view.slice(1) : view, "a storage's view");
  if (offset === undefined || length === undefined || (offset + length) * size > whole.bytes)
    throw new PickleError("a storage's view that does not lie in it");
  return new TorchStorage(key, dtype, whole.bytes, offset * size, length * size);
}

const TYPE_NAMES: Readonly<Record<string, ElementType>> = {
  Double: "float64",
  Float: "float32",
  Half: "float16",
  BFloat16: "bfloat16",
  Long: "int64",
  Int: "int32",
  Short: "int16",
  Char: "int8",
  Byte: "uint8",
  Bool: "bool",
};

const STORAGE_TYPES: ReadonlyMap<string, ElementType | null> = new Map<string, ElementType | null>([
  ["torch.storage.UntypedStorage", null],
  ...Object.entries(TYPE_NAMES).flatMap(([name, dtype]): [string, ElementType][] => [
    [`torch.${name}Storage`, dtype],
    [`torch.cuda.${name}Storage`, dtype],
  ]),
]);

const DTYPES: Readonly<Record<string, ElementType>> = {
  float64: "float64",
  float32: "float32",
  float16: "float16",
  bfloat16: "bfloat16",
  int64: "int64",
  uint64: "uint64",
  int32: "int32",
  uint32: "uint32",
  int16: "int16",
  uint16: "uint16",
  int8: "int8",
  uint8: "uint8",
  bool: "bool",
};

/** A tensor whose type is told beside an untyped storage. */
function typedTensor(args: readonly unknown[]): TorchTensor {
  const [storage, offset, shape, strides, , , type] = args;
  const name = type instanceof PickleGlobal ? type.name.replace(/^torch\./, "") : "";
  const dtype = Object.hasOwn(DTYPES, name) ? DTYPES[name] : undefined;
  if (!dtype) throw new PickleError(`a tensor of type ${brief(type)}`);
  return new TorchTensor(storage, offset, shape, strides, dtype);
}

const tensor = ([storage, offset, shape, strides]: readonly unknown[]): TorchTensor =>
  new TorchTensor(storage, offset, shape, strides);

/** A parameter is its tensor; whether it is trained, and its hooks, are no data. */
const parameter = ([data]: readonly unknown[]): unknown => data;

/** A tensor with attributes, or of a subclass: what rebuilds it, its class, the arguments, the attributes. */
function ofType([rebuild, , args]: readonly unknown[]): unknown {
  if (!(rebuild instanceof PickleGlobal) || !rebuild.make || !Array.isArray(args))
    throw new PickleError(`a tensor rebuilt by ${brief(rebuild)}`);
  return rebuild.make(args);
}

const nothing = Object.fromEntries(
  [...STORAGE_TYPES.keys(), ...Object.keys(DTYPES).map((name) => `torch.${name}`)].map((name) => [
    name,
    null,
  ]),
);

export const TORCH_NAMES: GlobalTable = globalTable({
  ...nothing,
  "torch.Tensor": null,
  "torch.nn.parameter.Parameter": parameter,
  "torch._utils._rebuild_tensor": tensor,
  "torch._utils._rebuild_tensor_v2": tensor,
  "torch._utils._rebuild_tensor_v3": typedTensor,
  "torch._utils._rebuild_parameter": parameter,
  "torch._utils._rebuild_parameter_with_state": parameter,
  "torch._tensor._rebuild_from_type_v2": ofType,
  "torch.Size": ([sides]) => wholeNumbers(sides, "a torch.Size"),
  "torch.device": (parts) => parts.map(String).join(":"),
});
