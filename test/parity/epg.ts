/** EPG's reference cases, each on the engines that it is run on. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Tensor, Tensors, Tracer } from "../../harness/program/index.ts";
import type { Level } from "../../plugins/models/epg/denoising.ts";
import type { ProjectorShape } from "../../plugins/models/epg/layers.ts";
import type { NetworkShape } from "../../plugins/models/epg/network.ts";
import { timeOf } from "../../plugins/models/solvers/levels.ts";
import {
  casePath,
  cases as names,
  projectorOf,
  readTensors,
  shapeOf,
} from "../plugins/models/epg/fixtures.ts";
import { runsIn } from "./cases.ts";

export interface Case {
  /** "epg/wide-decoder" */
  readonly name: string;
  readonly shape: NetworkShape;
  /** The encoder of pre-training, and its projector; null where the case has none. */
  readonly encoder: { readonly shape: NetworkShape; readonly projector: ProjectorShape } | null;
  /** Names, without ending, of the tensor files, and how large they are together. */
  readonly files: readonly string[];
  readonly bytes: number;
  read(file: string): ReturnType<typeof readTensors>;
  weights(file?: string): Tensors;
}

const cases = names.map((name): Case => {
  const pretraining = casePath(name, "pretrain-config.json");
  const files = readdirSync(casePath(name)).filter((file) => file.endsWith(".safetensors"));
  const read = (file: string) => readTensors(casePath(name, `${file}.safetensors`));
  return {
    name: join("epg", name),
    shape: shapeOf(casePath(name, "config.json")),
    encoder: existsSync(pretraining)
      ? { shape: shapeOf(pretraining), projector: projectorOf(pretraining) }
      : null,
    files: files.map((file) => file.slice(0, -".safetensors".length)).sort(),
    bytes: files.reduce((sum, file) => sum + statSync(casePath(name, file)).size, 0),
    read,
    weights: (file = "weights") => read(file).tensors,
  };
});

/** The case in which all float64 runs: the one of the fewest numbers. */
export function runsOf(pattern: RegExp) {
  const { native, interpreted } = runsIn(cases, pattern);
  return [...native, ...interpreted];
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
