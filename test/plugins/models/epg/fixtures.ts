/** The reference cases of EPG: every folder below `epg` that has a config.json, whatever it is called. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { NumericArray } from "../../../../harness/formats/numeric-array.ts";
import { decodeSafetensors } from "../../../../harness/formats/safetensors.ts";
import type { Tensor, Tensors } from "../../../../harness/program/index.ts";
import type { ProjectorShape } from "../../../../plugins/models/epg/layers.ts";
import type { NetworkShape } from "../../../../plugins/models/epg/network.ts";
import { fixtures } from "../../../parity/fixtures.ts";

const root = fixtures("epg");

/** Their paths below `epg`; none where the fixtures are absent. */
export const cases: readonly string[] = (
  root ? readdirSync(root, { recursive: true, encoding: "utf8" }).sort() : []
).flatMap((path) => (path.split(/[/\\]/).at(-1) === "config.json" ? [dirname(path)] : []));

/** Of a file of a case, or without one of the case's folder. */
export const casePath = (name: string, file = ""): string => join(root!, name, file);

interface TensorFile {
  readonly tensors: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Tensors with the precision they are stored in: F64 as Float64Array, I64 as int32. */
export function readTensors(path: string): TensorFile {
  const { metadata, tensors } = decodeSafetensors(readFileSync(path), path);
  return {
    metadata,
    tensors: Object.fromEntries(Object.entries(tensors).map(([name, array]) => [name, toTensor(array)])),
  };
}

function toTensor({ data, shape }: NumericArray): Tensor {
  if (data instanceof BigInt64Array) return { dtype: "int32", shape, data: Int32Array.from(data, Number) };
  if (data instanceof Int32Array) return { dtype: "int32", shape, data };
  if (data instanceof Float32Array || data instanceof Float64Array) return { dtype: "float32", shape, data };
  throw new Error(`a fixture of ${data.constructor.name}`);
}

const sizesIn = (path: string): Record<string, number> => JSON.parse(readFileSync(path, "utf8"));

/** config.json as this model's shapes. */
export function shapeOf(path: string): NetworkShape {
  const sizes = sizesIn(path);
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

export function projectorOf(path: string): ProjectorShape {
  const sizes = sizesIn(path);
  return { layers: sizes.proj_layers!, hidden: sizes.hidden_dim!, out: sizes.output_dim! };
}
