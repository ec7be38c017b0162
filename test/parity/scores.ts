/** What public tools and plain float64 NumPy give on stored features: the inception fixtures' scores.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors } from "../../harness/formats/safetensors.ts";
import { featureMatrix, type Matrix } from "../../harness/linear-algebra/index.ts";
import { fixtures } from "./fixtures.ts";

/** A number, or what lies under a key; the file's names say tool, version and options. */
export type Score = number & { readonly [key: string]: Score | undefined };

export interface Pair {
  readonly name: string;
  readonly scores: Score;
  readonly tensors: (side: "ref" | "gen", layer?: string) => Matrix;
}

const folder = fixtures("inception");
/** For the titles of the tests: the folder, or why they skip. */
export const where = folder ?? "inception fixtures, which are not here";
export const absent = folder === null;

export const scores: Score = folder ? JSON.parse(readFileSync(join(folder, "scores.json"), "utf8")) : {};
const tensors = folder ? decodeSafetensors(readFileSync(join(folder, "pooled.safetensors"))).tensors : {};

/** `NAME` is of NAME.ref and NAME.gen, or of ref.LAYER and gen.LAYER where the name ends in a layer's. */
export const pairs: Pair[] = Object.keys(scores)
  .filter((name) => name.startsWith("pair"))
  .map((name) => ({
    name,
    scores: scores[name]!,
    tensors: (side, layer = name.slice("pair".length)) =>
      rows(`${name}.${side}` in tensors ? `${name}.${side}` : `${side}.${layer}`),
  }));

/** The entries under a key of a score. */
export const entries = (score: Score | undefined): [string, Score][] =>
  Object.entries(score ?? {}) as [string, Score][];

export function tensor(name: string): ArrayLike<number> | null {
  return tensors[name]?.data as ArrayLike<number> | null;
}

function rows(name: string): Matrix {
  const { data, shape } = tensors[name]!;
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new Error(`${name} holds no floats`);
  return featureMatrix(name, data, shape[1]!);
}
