/** The reference DiTs and SiTs: every folder at or below `dit` or `sit` that has a config.json, on the engines it is run on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Tensor, Tensors, Tracer, Value } from "../../harness/program/index.ts";
import type { DitConfig } from "../../plugins/models/latent/dit.ts";
import { openDit } from "../../plugins/models/latent/dit-checkpoint.ts";
import { type Case, casesIn, runsIn } from "./cases.ts";
import { like } from "./epg.ts";

export interface DitCase extends Case {
  readonly config: DitConfig;
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

const configOf = (config: ReleasedConfig): DitConfig => ({
  side: config.input_size,
  latentChannels: config.in_channels,
  patch: config.patch_size,
  width: config.hidden_size,
  depth: config.depth,
  heads: config.num_heads,
  classes: config.num_classes,
  outputChannels: (config.learn_sigma ? 2 : 1) * config.in_channels,
});

const ditsIn = (family: "dit" | "sit"): readonly DitCase[] =>
  casesIn(family).map((found) => {
    const config = configOf(found.readJson("config.json") as ReleasedConfig);
    return {
      ...found,
      config,
      async weights() {
        const file = await openDit(join(found.folder, "weights.safetensors"), {
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

export const cases = ditsIn("dit");
export const sitCases = ditsIn("sit");

export function runsOf(pattern: RegExp, of: readonly DitCase[] = cases) {
  const { native, interpreted } = runsIn(of, pattern);
  return [...native, ...interpreted];
}

/** The entries of a JSON file of every case that has it, by title; `at`: where in the file they are. */
export const rowsOf = <Row>(file: string, at: (json: unknown) => unknown = (json) => json) =>
  cases
    .filter(({ folder }) => existsSync(join(folder, file)))
    .flatMap((one) =>
      Object.entries(at(one.readJson(file)) as Readonly<Record<string, Row>>).map(
        ([name, row]) => [`${one.name}: ${name}`, { one, name, row }] as const,
      ),
    );

/** The four inputs of a training batch, in the order of their names. */
export const batchInputs = (
  p: Tracer,
  names: readonly [string, string, string, string],
  batch: Tensors,
): readonly [Value, Value, Value, Value] => {
  const [start, noise, t, y] = names;
  return [
    like(p, start, batch[start]!),
    like(p, noise, batch[noise]!),
    like(p, t, batch[t]!),
    like(p, y, batch[y]!),
  ];
};

export const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

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
