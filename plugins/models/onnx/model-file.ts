/** What an ONNX file says of itself, without its weights: inputs, outputs, metadata, and where its weights lie. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import protobuf from "protobufjs";
import { UserError } from "../../../harness/errors.ts";

/** A dimension: its size, or null where it is open. */
export interface Signature {
  readonly elementType: number;
  readonly dims: readonly (number | null)[];
}

export interface ModelFile {
  readonly path: string;
  readonly inputs: ReadonlyMap<string, Signature>;
  readonly outputs: ReadonlyMap<string, Signature>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Numbers in its weights; of a file that epg-bench wrote, in the network's states alone. */
  readonly parameters: number;
  /** Multiply-accumulates of one image in one call, where the file tells, as one that epg-bench wrote does; null: not known. */
  readonly macs: number | null;
  /** Files of weights beside it. */
  readonly data: readonly string[];
}

const field = (type: string, id: number, rule?: "repeated") => ({ type, id, ...(rule ? { rule } : {}) });

/** The part of onnx.proto that is read here; weights are passed over. */
const root = protobuf.Root.fromJSON({
  nested: {
    Entry: { fields: { key: field("string", 1), value: field("string", 2) } },
    Tensor: {
      fields: {
        dims: field("int64", 1, "repeated"),
        dataType: field("int32", 2),
        name: field("string", 8),
        externalData: field("Entry", 13, "repeated"),
      },
    },
    Dimension: {
      oneofs: { value: { oneof: ["size", "symbol"] } },
      fields: { size: field("int64", 1), symbol: field("string", 2) },
    },
    Shape: { fields: { dim: field("Dimension", 1, "repeated") } },
    TensorType: { fields: { elemType: field("int32", 1), shape: field("Shape", 2) } },
    Type: { fields: { tensorType: field("TensorType", 1) } },
    ValueInfo: { fields: { name: field("string", 1), type: field("Type", 2) } },
    Attribute: {
      fields: {
        t: field("Tensor", 5),
        g: field("Graph", 6),
        tensors: field("Tensor", 10, "repeated"),
        graphs: field("Graph", 11, "repeated"),
      },
    },
    Node: { fields: { attribute: field("Attribute", 5, "repeated") } },
    Graph: {
      fields: {
        node: field("Node", 1, "repeated"),
        initializer: field("Tensor", 5, "repeated"),
        input: field("ValueInfo", 11, "repeated"),
        output: field("ValueInfo", 12, "repeated"),
      },
    },
    Model: { fields: { graph: field("Graph", 7), metadataProps: field("Entry", 14, "repeated") } },
  },
});

interface Entry {
  readonly key?: string;
  readonly value?: string;
}
interface Weights {
  readonly dims?: readonly number[];
  readonly dataType?: number;
  readonly name?: string;
  readonly externalData?: readonly Entry[];
}
interface Value {
  readonly name?: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: { readonly dim?: readonly { readonly size?: number }[] };
    };
  };
}
interface Graph {
  readonly node?: readonly { readonly attribute?: readonly Attribute[] }[];
  readonly initializer?: readonly Weights[];
  readonly input?: readonly Value[];
  readonly output?: readonly Value[];
}
interface Attribute {
  readonly t?: Weights;
  readonly g?: Graph;
  readonly tensors?: readonly Weights[];
  readonly graphs?: readonly Graph[];
}

/** @throws UserError for what is no ONNX model, and for weights outside its folder or missing */
export async function readModelFile(path: string): Promise<ModelFile> {
  if (!existsSync(path))
    throw new UserError(`file: no file ${path}`, "give its path from the config's folder");
  const { graph, metadataProps = [] } = decoded(await readFile(path), path);
  const initialisers = graph.initializer ?? [];
  const metadata = new Map(metadataProps.map(({ key = "", value = "" }) => [key, value]));
  const names = new Set(initialisers.map(({ name }) => name));
  return {
    path,
    // Before IR version 4, initialisers were inputs too.
    inputs: signatures(graph.input?.filter((input) => !names.has(input.name))),
    outputs: signatures(graph.output),
    metadata,
    parameters: parametersOf(initialisers),
    macs: macsOf(metadata.get("macs_per_image")),
    data: dataFiles(tensorsOf(graph), path),
  };
}

function decoded(bytes: Uint8Array, path: string) {
  const type = root.lookupType("Model");
  try {
    const model = type.toObject(type.decode(bytes), { longs: Number }) as {
      readonly graph?: Graph;
      readonly metadataProps?: readonly Entry[];
    };
    if (model.graph?.output) return { ...model, graph: model.graph };
  } catch {
    // Bytes that are no protobuf message.
  }
  throw new UserError(`file: ${path} is no ONNX model`, "name a file that an ONNX exporter wrote");
}

const signatures = (values: readonly Value[] = []): Map<string, Signature> =>
  new Map(
    values.map(({ name = "", type }) => [
      name,
      {
        elementType: type?.tensorType?.elemType ?? 0,
        dims: (type?.tensorType?.shape?.dim ?? []).map(({ size }) => size ?? null),
      },
    ]),
  );

/** float32, float16, float64, bfloat16. */
const FLOATS = new Set([1, 10, 11, 16]);
const STATE = "state:";

function parametersOf(initialisers: readonly Weights[]): number {
  const states = initialisers.filter(({ name }) => name?.startsWith(STATE));
  return (states.length > 0 ? states : initialisers)
    .filter(({ dataType }) => FLOATS.has(dataType ?? 0))
    .reduce((sum, { dims = [] }) => sum + dims.reduce((size, dim) => size * dim, 1), 0);
}

const macsOf = (text = ""): number | null => (/^\d+(\.\d+)?(e\+\d+)?$/.test(text) ? Number(text) : null);

/** Also those in nodes, and in the graphs in nodes. */
function tensorsOf({ initializer = [], node = [] }: Graph): Weights[] {
  const attributes = node.flatMap(({ attribute }) => attribute ?? []);
  return [
    ...initializer,
    ...attributes.flatMap(({ t, tensors = [] }) => (t ? [t, ...tensors] : tensors)),
    ...attributes.flatMap(({ g, graphs = [] }) => (g ? [g, ...graphs] : graphs)).flatMap(tensorsOf),
  ];
}

/** A file that others made must not have other files read. */
function dataFiles(tensors: readonly Weights[], path: string): string[] {
  const locations = new Set(
    tensors.flatMap(({ externalData = [] }) =>
      externalData.filter(({ key }) => key === "location").map(({ value = "" }) => value),
    ),
  );
  const folder = dirname(realpathSync(path));
  return [...locations].map((location) => {
    const file = resolve(folder, location);
    if (isAbsolute(location) || leaves(folder, file))
      throw new UserError(
        `file: ${path} wants weights from ${JSON.stringify(location)}, outside its folder`,
        "put the weights beside it and export it so",
      );
    if (!existsSync(file) || !statSync(file).isFile())
      throw new UserError(`file: ${path} has its weights in ${file}, which is no file`, "put it there");
    if (leaves(folder, realpathSync(file)))
      throw new UserError(
        `file: ${path} wants weights from ${file}, a link out of its folder`,
        "put the file itself there",
      );
    return file;
  });
}

const leaves = (folder: string, file: string): boolean => {
  const way = relative(folder, file);
  return way.startsWith("..") || isAbsolute(way);
};
