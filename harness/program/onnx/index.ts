/** Lowering to ONNX: opset 20. States are graph inputs; their next values are graph outputs. */
import { decomposing, simplify } from "../simplify.ts";
import type {
  DType,
  Node,
  OnnxEmitter,
  OnnxLowering,
  Shape,
  Tensor,
  Tensors,
  TensorType,
  Value,
} from "../tensor.ts";
import type { Program } from "../trace.ts";
import { verify } from "../verify.ts";
import { inRows } from "./rows.ts";
import { encodeModel } from "./schema.ts";

const OPSET = 20;
const IR_VERSION = 9;
const ELEMENT_TYPES: Readonly<Record<DType, number>> = { float32: 1, int32: 6, bool: 9, bfloat16: 16 };
const INT64 = 7;

/** Names in the ONNX graph. Inputs and outputs of the program keep theirs, which have no colon; all others have one. */
export const stateInput = (name: string): string => `state:${name}`;
export const stateOutput = (name: string): string => `next:${name}`;

/**
 * The program with composite operations that have no ONNX form, or whose gradient shares their parts, replaced by
 * their decompositions, computed in rows.
 */
export function lower(program: Program): Program {
  const readers = new Map<Value, number>();
  for (const value of program.nodes.flatMap(({ inputs }) => inputs))
    readers.set(value, (readers.get(value) ?? 0) + 1);
  const shared = ({ op, inputs }: Node): boolean => op.sharesParts === true && readers.get(inputs[0]!)! > 1;
  const decomposed = simplify(
    program,
    decomposing((node) => node.op.onnx === "decompose" || shared(node)),
  );
  const lowered = { ...program, ...simplify(decomposed, inRows) };
  verify(lowered);
  return lowered;
}

/** A state's bytes in a file beside the model's. */
export interface StoredState {
  /** The file's name, relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface OnnxOptions {
  /** States (by name) that are initialisers whose data lie in another file. */
  readonly stored?: Readonly<Record<string, StoredState>>;
  /** What inputs and outputs are, by name. */
  readonly documentation?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** How the engine that is to run it has a node written, where it has its own way. */
  readonly lowering?: (node: Node) => OnnxLowering | null;
  /** The name of a result to be put before all others, an empty sequence. */
  readonly emptySequence?: string;
}

const EXTERNAL = 1;

/**
 * An ONNX model of one run of the program.
 * @param constants states (by name) to bake in as initialisers instead of taking them as inputs
 */
export function toOnnx(
  program: Program,
  constants: Tensors = {},
  {
    stored = {},
    documentation = {},
    metadata = {},
    lowering: own = () => null,
    emptySequence,
  }: OnnxOptions = {},
): Uint8Array {
  const lowered = lower(program);
  const nodes: Record<string, unknown>[] = [];
  const initializers = new Map<string, Record<string, unknown>>();
  const names = new Map<Value, string>();

  const addInitializer = (key: string, dims: Shape, dataType: number, data: ArrayBufferView): string => {
    if (!initializers.has(key)) {
      const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      initializers.set(key, { name: key, dims, dataType, rawData });
    }
    return key;
  };
  const domains = new Set<string>();
  let constantCount = 0;
  let nodeCount = 0;
  const emit: OnnxEmitter = {
    node(opType, input, { attributes = {}, outputs = 1, domain = "" } = {}) {
      const id = `node:${nodeCount++}`;
      if (domain) domains.add(domain);
      const output = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? id : `${id}.${i}`));
      nodes.push({
        opType,
        input,
        output,
        name: id,
        domain,
        attribute: Object.entries(attributes).map(encodeAttribute),
      });
      return output;
    },
    int64: (values, shape = [values.length]) =>
      addInitializer(`i64[${shape}]:${values}`, shape, INT64, BigInt64Array.from(values, BigInt)),
    constant: ({ dtype, shape, data }) => {
      const uniform = data.length > 0 && data.every((value) => Object.is(value, data[0]));
      const sign = Object.is(data[0], -0) ? "-" : "";
      const key = uniform ? `${dtype}[${shape}]:${sign}${data[0]}` : `constant:${constantCount++}`;
      return addInitializer(key, shape, ELEMENT_TYPES[dtype], asElements({ dtype, shape, data }));
    },
  };

  for (const [name, value] of Object.entries(lowered.inputs)) names.set(value, name);
  for (const { name, value } of lowered.states) {
    const baked = constants[name];
    const elsewhere = stored[name];
    const key = stateInput(name);
    names.set(value, key);
    if (baked) addInitializer(key, value.shape, ELEMENT_TYPES[value.dtype], asElements(baked));
    if (elsewhere)
      initializers.set(key, {
        name: key,
        dims: value.shape,
        dataType: ELEMENT_TYPES[value.dtype],
        dataLocation: EXTERNAL,
        externalData: entries(elsewhere),
      });
  }
  for (const node of lowered.nodes) {
    const lowering = own(node) ?? node.op.onnx;
    if (lowering === "decompose") throw new Error(`internal: ${node.op.name} was not decomposed`);
    const results = lowering(
      emit,
      node.inputs.map((input) => names.get(input)!),
      node,
    );
    node.outputs.forEach((output, i) => {
      names.set(output, results[i]!);
    });
  }
  const results = [
    ...Object.entries(lowered.outputs),
    ...lowered.updates.map(({ name, value }) => [stateOutput(name), value] as const),
  ];
  nameResults(
    nodes,
    results.map(([name, value]) => [names.get(value)!, name]),
  );
  const outputs: object[] = results.map(([name, value]) => valueInfo(name, value, documentation[name]));
  if (emptySequence) {
    nodes.push({
      opType: "SequenceEmpty",
      input: [],
      output: [emptySequence],
      name: emptySequence,
      attribute: [],
    });
    outputs.unshift({
      name: emptySequence,
      type: { sequenceType: { elemType: { tensorType: { elemType: ELEMENT_TYPES.float32 } } } },
    });
  }
  const inputs = [
    ...Object.entries(lowered.inputs).map(([name, value]) => valueInfo(name, value, documentation[name])),
    ...lowered.states
      .filter(({ name }) => !constants[name] && !stored[name])
      .map(({ name, value }) => valueInfo(stateInput(name), value)),
  ];
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: "epg-bench",
    opsetImport: [{ domain: "", version: OPSET }, ...[...domains].map((domain) => ({ domain, version: 1 }))],
    metadataProps: entries(metadata),
    graph: {
      name: program.name,
      node: nodes,
      initializer: [...initializers.values()],
      input: inputs,
      output: outputs,
    },
  });
}

const entries = (record: object): { readonly key: string; readonly value: string }[] =>
  Object.entries(record).map(([key, value]) => ({ key, value: String(value) }));

interface NamedNode {
  input: string[];
  output: string[];
}

/**
 * Gives results their names: what a node makes is renamed wherever it is read, so that nothing is copied;
 * an input, a constant or a value that is two results gets an Identity.
 */
function nameResults(
  nodes: Record<string, unknown>[],
  results: readonly (readonly [from: string, to: string])[],
): void {
  const named = nodes as unknown as NamedNode[];
  const made = new Set(named.flatMap(({ output }) => output));
  const renamed = new Map<string, string>();
  const copies: (readonly [from: string, to: string])[] = [];
  for (const [from, to] of results)
    if (made.has(from) && !renamed.has(from)) renamed.set(from, to);
    else copies.push([from, to]);
  const current = (name: string): string => renamed.get(name) ?? name;
  for (const node of named) {
    node.input = node.input.map(current);
    node.output = node.output.map(current);
  }
  for (const [from, to] of copies)
    nodes.push({
      opType: "Identity",
      input: [current(from)],
      output: [to],
      name: `result:${to}`,
      attribute: [],
    });
}

const valueInfo = (name: string, { dtype, shape }: TensorType, docString = "") => ({
  name,
  ...(docString && { docString }),
  type: {
    tensorType: { elemType: ELEMENT_TYPES[dtype], shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
  },
});

function encodeAttribute([name, value]: [string, number | string | readonly number[] | { int: number }]) {
  if (typeof value === "number") return { name, f: value, type: 1 };
  if (typeof value === "string") return { name, s: Buffer.from(value), type: 3 };
  if ("int" in value) return { name, i: value.int, type: 2 };
  return { name, ints: value, type: 7 };
}

/** Data in the element type ONNX stores: float32, int32, or a byte a boolean. */
export function asElements({ dtype, data }: Tensor): Float32Array | Int32Array | Uint8Array {
  if (dtype === "float32") return data instanceof Float32Array ? data : Float32Array.from(data);
  if (dtype === "int32") return data instanceof Int32Array ? data : Int32Array.from(data);
  return data instanceof Uint8Array ? data : Uint8Array.from(data);
}
