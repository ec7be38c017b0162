/** The reference DiTs and SiTs: every folder at or below `dit` or `sit` that has a config.json, on the engines it is run on. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Tensor, Tensors } from "../../harness/program/index.ts";
import type { DitConfig } from "../../plugins/models/latent/dit.ts";
import { openDit } from "../../plugins/models/latent/dit-checkpoint.ts";
import { readTensors } from "../plugins/models/epg/fixtures.ts";
import { type Engine, float32, float64 } from "./engines.ts";
import { fixtures } from "./fixtures.ts";

export interface DitCase {
  /** "dit" */
  readonly name: string;
  readonly folder: string;
  readonly config: DitConfig;
  /** Names, without ending, of the tensor files. */
  readonly files: readonly string[];
  readonly bytes: number;
  read(file: string): ReturnType<typeof readTensors>;
  /** Through the loader that users' files take. */
  weights(): Promise<Tensors>;
}

interface ReleasedConfig {
  readonly input_size: number;
  readonly patch_size: number;
  readonly in_channels: number;
  readonly hidden_size: number;
  readonly depth: number;
  readonly num_heads: number;
  readonly num_classes: number;
  readonly learn_sigma: boolean;
}

const jsonIn = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

function configIn(path: string): DitConfig {
  const config = jsonIn(path) as ReleasedConfig;
  return {
    side: config.input_size,
    latentChannels: config.in_channels,
    patch: config.patch_size,
    width: config.hidden_size,
    depth: config.depth,
    heads: config.num_heads,
    classes: config.num_classes,
    outputChannels: (config.learn_sigma ? 2 : 1) * config.in_channels,
  };
}

function casesIn(family: "dit" | "sit"): readonly DitCase[] {
  const root = fixtures(family);
  const paths = root ? readdirSync(root, { recursive: true, encoding: "utf8" }).sort() : [];
  return paths
    .filter((path) => basename(path) === "config.json")
    .map((path): DitCase => {
      const folder = join(root!, dirname(path));
      const config = configIn(join(folder, "config.json"));
      const files = readdirSync(folder).filter((file) => file.endsWith(".safetensors"));
      return {
        name: join(family, dirname(path)),
        folder,
        config,
        files: files.map((file) => basename(file, ".safetensors")).sort(),
        bytes: files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0),
        read: (file) => readTensors(join(folder, `${file}.safetensors`)),
        async weights() {
          const file = await openDit(join(folder, "weights.safetensors"), {
            config,
            title: "the case",
            kind: family === "dit" ? "DiT" : "SiT",
            role: null,
            guidanceScale: null,
            latentScale: null,
            usualLatentScale: 1,
          });
          const tensors = await file.read();
          await file.close();
          return tensors;
        },
      };
    });
}

export const cases = casesIn("dit");
export const sitCases = casesIn("sit");

/** Each file whose name matches, of every case on ONNX Runtime and of the smallest on the interpreter too, by title. */
export function runsOf(pattern: RegExp, of: readonly DitCase[] = cases) {
  const smallest = [...of].sort((a, b) => a.bytes - b.bytes)[0];
  const run = (engine: Engine) => (one: DitCase) =>
    one.files
      .filter((file) => pattern.test(file))
      .map((file) => [`${one.name}: ${file}: ${engine.name}`, { one, file, engine }] as const);
  return [...of.flatMap(run(float32)), ...(smallest ? run(float64)(smallest) : [])];
}

/** The entries of a JSON file of every case that has it, by title; `at`: where in the file they are. */
export const rowsOf = <Row>(file: string, at: (json: unknown) => unknown = (json) => json) =>
  cases
    .filter(({ folder }) => existsSync(join(folder, file)))
    .flatMap((one) =>
      Object.entries(at(jsonIn(join(one.folder, file))) as Readonly<Record<string, Row>>).map(
        ([name, row]) => [`${one.name}: ${name}`, { one, name, row }] as const,
      ),
    );

/** Times, stored as integers, as the network takes them. */
export const asFloat = ({ shape, data }: Tensor): Tensor => ({
  dtype: "float32",
  shape,
  data: Float64Array.from(data),
});

const KEYS = /^blocks\.\d+\.attn\.qkv\.bias$/;

/**
 * The numbers of a tensor of that name, and of them the key third of a qkv bias apart: softmax does not see it, so that
 * its true gradient is 0 and what float32 leaves of it is rounding, which AdamW amplifies to whole steps.
 */
export function withoutKeys(
  name: string,
  tensor: Tensor,
): { readonly seen: Tensor; readonly keys: readonly number[] } {
  if (!KEYS.test(name.replace(/^(grad|param|ema)\./, ""))) return { seen: tensor, keys: [] };
  const third = tensor.data.length / 3;
  const isKey = (_: number, i: number): boolean => Math.floor(i / third) === 1;
  const all = Array.from(tensor.data);
  const seen = tensor.data.map((value, i) => (isKey(value, i) ? 0 : value));
  return { seen: { ...tensor, data: seen }, keys: all.filter(isKey) };
}
