/** The reference cases of EPG, found by listing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

/** Throwaway until the formats land. */
export function readTensors(path: string): TensorFile {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors: Record<string, Tensor> = {};
  let metadata = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = entry;
      continue;
    }
    const [a, b] = entry.data_offsets;
    const buffer = bytes.buffer.slice(bytes.byteOffset + 8 + length + a, bytes.byteOffset + 8 + length + b);
    if (entry.dtype === "F32")
      tensors[name] = { dtype: "float32", shape: entry.shape, data: new Float32Array(buffer) };
    else if (entry.dtype === "F64")
      tensors[name] = { dtype: "float32", shape: entry.shape, data: new Float64Array(buffer) };
    else
      tensors[name] = {
        dtype: "int32",
        shape: entry.shape,
        data: Int32Array.from(new BigInt64Array(buffer), Number),
      };
  }
  return { tensors, metadata };
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
  };
}

export function projectorOf(path: string): ProjectorShape {
  const config = readJson(path) as Record<string, number>;
  return { layers: config.proj_layers!, hidden: config.hidden_dim!, out: config.output_dim! };
}
