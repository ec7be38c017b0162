/** The reference cases of EPG, found by listing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NumericArray } from "../../../../harness/formats/numeric-array.ts";
import { decodeSafetensors } from "../../../../harness/formats/safetensors.ts";
import type { Tensor, Tensors } from "../../../../harness/program/index.ts";
import type { ProjectorShape } from "../../../../plugins/models/epg/layers.ts";
import type { NetworkShape } from "../../../../plugins/models/epg/network.ts";

const root = process.env.EPG_BENCH_FIXTURES ?? join(import.meta.dirname, "../../../../../shared/fixtures");
export const epgFixtures = join(root, "epg");

/** Folders with a config.json; none where the fixtures are absent. */
export const cases: readonly string[] = existsSync(epgFixtures)
  ? readdirSync(epgFixtures).filter((name) => existsSync(join(epgFixtures, name, "config.json")))
  : [];

export const casePath = (name: string, file: string): string => join(epgFixtures, name, file);

export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

export interface TensorFile {
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
  if (data instanceof Float32Array || data instanceof Float64Array) return { dtype: "float32", shape, data };
  throw new Error(`a fixture of ${data.constructor.name}`);
}

/** config.json as this model's shapes. */
export function shapeOf(path: string): NetworkShape {
  const config = readJson(path) as Record<string, number>;
  return {
    resolution: config.image_size!,
    patch: config.patch_size!,
    width: config.embed_dim!,
    depth: config.depth!,
    heads: config.num_heads!,
    decoderWidth: config.decoder_embed_dim ?? config.embed_dim!,
    decoderDepth: config.decoder_depth ?? 0,
    decoderHeads: config.decoder_num_heads ?? 1,
    classes: config.num_classes ?? 0,
    tokens: config.tokens!,
    positionAmplitude: null,
    classDeviation: 0.02,
  };
}

export function projectorOf(path: string): ProjectorShape {
  const config = readJson(path) as Record<string, number>;
  return { layers: config.proj_layers!, hidden: config.hidden_dim!, out: config.output_dim! };
}
