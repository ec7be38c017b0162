/** Two sets seen through one extractor, and what is computed from them once, however many scores need it. */
import type { Matrix, Product, Rows } from "../linear-algebra/index.ts";
import {
  float32Mean,
  float64Mean,
  type KernelReference,
  kernelReference,
  type Normal,
  normalOfCovariance,
  normalOfFeatures,
  type ReferenceBalls,
  referenceBalls,
  type Statistics,
} from "../metrics/index.ts";
import type { ScoreNames } from "./score.ts";

/** Rows of numbers; `float32` where they were made in it, as networks do. */
export type Table = (Matrix | Rows) & { readonly float32?: boolean };

/** What scores read: pooled features, a classifier's logits without bias, and Inception's spatial features. */
export type Role = "features" | "logits" | "spatial";

export type Layers = Readonly<Partial<Record<Role, Table>>>;

/** What is scored against. Everything is computed when it is first asked for, and kept. */
export interface Reference extends Omit<ReferenceParts, "statistics"> {
  /** The distribution that Fréchet distances are to. */
  normal(role: Role): Promise<Normal>;
  means(role: Role): Promise<Means>;
  kernel(): Promise<KernelReference>;
  balls(k: number): Promise<ReferenceBalls>;
}

interface ReferenceParts extends ScoreNames {
  readonly multiply: Product;
  /** Whether the extractor's classes are the data's; null where nobody knows. */
  readonly classesMatch: boolean | null;
  /** Of its images, where those are known. */
  readonly layers: Layers;
  /** Known without images, or beside them: then Fréchet distances are to these. */
  readonly statistics?: Readonly<Partial<Record<Role, Statistics>>>;
}

export function makeReference(source: ReferenceParts): Reference {
  const { layers, statistics = {}, multiply } = source;
  const once = memo();
  const table = (role: Role): Table => tableOf(layers, role);
  return {
    ...source,
    normal: (role) =>
      once(`normal ${role}`, async () => {
        const stored = statistics[role];
        if (stored) return normalOfCovariance(stored.mean, stored.covariance, multiply);
        return normalOfFeatures(table(role), multiply);
      }),
    async means(role) {
      const stored = statistics[role];
      return stored ? { exact: stored.mean, rounded: stored.mean } : meansOf(table(role));
    },
    kernel: () => once("kernel", () => kernelReference(table("features"), multiply)),
    balls: (k) => once(`balls ${k}`, () => referenceBalls(table("features"), k, multiply)),
  };
}

/** A mean, and the same as NumPy takes it, in the type of the features: those of a file in float64 keep it. */
interface Means {
  readonly exact: Float64Array;
  readonly rounded: Float64Array;
}

export async function meansOf(table: Table): Promise<Means> {
  const exact = await float64Mean(table);
  return { exact, rounded: table.float32 ? await float32Mean(table) : exact };
}

/** What is asked for twice is made once. */
function memo(): <T>(key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<unknown>>();
  return <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const found = kept.get(key) ?? make();
    kept.set(key, found);
    return found as Promise<T>;
  };
}

/** Samples against a reference, and how the user wants them scored. */
export interface Compared {
  readonly samples: Layers & { readonly features: Table };
  readonly reference: Reference;
  /** Jackknife group of every sample. */
  readonly groups: Int32Array;
  readonly labels: Int32Array | null;
  readonly settings: Settings;
}

/** One of the samples' layers. */
export function tableOf(layers: Layers, role: Role): Table {
  const table = layers[role];
  if (!table) throw new Error(`there are no ${role}`);
  return table;
}

/** null: the convention's own. */
export interface Settings {
  readonly neighbours: number | null;
  readonly kidSubsets: number | null;
  readonly kidSubsetSize: number | null;
  readonly seed: number | null;
}

export const OWN_SETTINGS: Settings = { neighbours: null, kidSubsets: null, kidSubsetSize: null, seed: null };
