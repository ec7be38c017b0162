/** The reference cases of EPG: every folder below `epg` that has a config.json, whatever it is called. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { NumericArray } from "../../harness/formats/numeric-array.ts";
import { decodeSafetensors } from "../../harness/formats/safetensors.ts";
import type { Tensor, Tensors, Tracer } from "../../harness/program/index.ts";
import type { Level } from "../../plugins/models/epg/denoising.ts";
import type { ProjectorShape } from "../../plugins/models/epg/layers.ts";
import type { NetworkShape } from "../../plugins/models/epg/network.ts";
import { timeOf } from "../../plugins/models/epg/schedules.ts";
import { type Engine, float32, float64 } from "./engines.ts";
import { fixtures } from "./fixtures.ts";

type File = ReturnType<typeof readFile>;

export interface Case {
  /** "epg/wide-decoder" */
  readonly folder: string;
  readonly shape: NetworkShape;
  /** The encoder of pre-training, and its projector; null where the case has none. */
  readonly encoder: { readonly shape: NetworkShape; readonly projector: ProjectorShape } | null;
  /** Names, without ending, of the tensor files, and how large they are together. */
  readonly files: readonly string[];
  readonly bytes: number;
  read(file: string): File;
  weights(file?: string): Tensors;
}

const root = fixtures("epg");

const cases: readonly Case[] = (
  root ? readdirSync(root, { recursive: true, encoding: "utf8" }).sort() : []
).flatMap((path) => (path.split(/[/\\]/).at(-1) === "config.json" ? [openCase(dirname(path))] : []));

function openCase(name: string): Case {
  const path = join(root!, name);
  const pretraining = join(path, "pretrain-config.json");
  const read = (file: string) => readFile(join(path, `${file}.safetensors`));
  const files = readdirSync(path).filter((file) => file.endsWith(".safetensors"));
  return {
    folder: join("epg", name),
    shape: shapeOf(sizesIn(join(path, "config.json"))),
    encoder: existsSync(pretraining)
      ? { shape: shapeOf(sizesIn(pretraining)), projector: projectorOf(sizesIn(pretraining)) }
      : null,
    files: files.map((file) => file.slice(0, -".safetensors".length)).sort(),
    bytes: files.reduce((sum, file) => sum + statSync(join(path, file)).size, 0),
    read,
    weights: (file = "weights") => read(file).tensors,
  };
}

/** The case in which all float64 runs: the one of the fewest numbers. */
const smallest = [...cases].sort((a, b) => a.bytes - b.bytes)[0];

/** Each file whose name matches, of every case on ONNX Runtime and of the smallest on the interpreter too, by title. */
export function runsOf(pattern: RegExp) {
  const run = (engine: Engine) => (one: Case) =>
    one.files
      .filter((file) => pattern.test(file))
      .map((file) => [`${one.folder}: ${file}: ${engine.name}`, { one, file, engine }] as const);
  return [...cases.flatMap(run(float32)), ...(smallest ? [smallest] : []).flatMap(run(float64))];
}

/** Tensors in the precision they are stored in: F64 as Float64Array, I64 as int32. */
function readFile(path: string) {
  const { metadata, tensors } = decodeSafetensors(readFileSync(path), path);
  return {
    metadata,
    tensors: Object.fromEntries(Object.entries(tensors).map(([name, array]) => [name, toTensor(array)])),
  };
}

function toTensor({ data, shape }: NumericArray): Tensor {
  if (data instanceof BigInt64Array) return { dtype: "int32", shape, data: Int32Array.from(data, Number) };
  if (data instanceof Float32Array || data instanceof Float64Array) return { dtype: "float32", shape, data };
  throw new Error(`a fixture of ${data.constructor.name}`);
}

type Sizes = Readonly<Record<string, number>>;

function sizesIn(path: string): Sizes {
  return JSON.parse(readFileSync(path, "utf8")) as Sizes;
}

function shapeOf(sizes: Sizes): NetworkShape {
  return {
    resolution: sizes.image_size!,
    patch: sizes.patch_size!,
    width: sizes.embed_dim!,
    depth: sizes.depth!,
    heads: sizes.num_heads!,
    decoderWidth: sizes.decoder_embed_dim ?? sizes.embed_dim!,
    decoderDepth: sizes.decoder_depth ?? 0,
    decoderHeads: sizes.decoder_num_heads ?? 1,
    classes: sizes.num_classes ?? 0,
    tokens: sizes.tokens!,
    positionAmplitude: null,
    classDeviation: 0.02,
  };
}

function projectorOf(sizes: Sizes): ProjectorShape {
  return { layers: sizes.proj_layers!, hidden: sizes.hidden_dim!, out: sizes.output_dim! };
}

export const prefixed = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));

/** Those named, which must be there. */
export const picked = (tensors: Tensors, ...names: readonly string[]): Tensors =>
  Object.fromEntries(
    names.map((name) => {
      if (!tensors[name]) throw new Error(`the reference has no ${name}`);
      return [name, tensors[name]];
    }),
  );

/** All gradients a reference has, `grad.<name>`. */
export const gradientsOf = (tensors: Tensors): Tensors =>
  picked(tensors, ...Object.keys(tensors).filter((name) => name.startsWith("grad.")));

export const column = (values: ArrayLike<number>): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float64Array.from(values),
});

/** Inputs of a `Level` called `name`: shifted σ and its time, with all their digits. */
export const levelTensors = (name: string, { data }: Tensor): Tensors => ({
  [`${name}Sigma`]: column(data),
  [`${name}Time`]: column(Array.from(data, timeOf)),
});

export const level = (p: Tracer, name: string, batch: number): Level => ({
  sigma: p.input(`${name}Sigma`, [batch]),
  time: p.input(`${name}Time`, [batch]),
});

/** An input of the shape and type of a reference tensor. */
export const like = (p: Tracer, name: string, { shape, dtype }: Tensor) => p.input(name, shape, dtype);
