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
export interface Reference extends ScoreNames {
  readonly multiply: Product;
  /** Whether the extractor's classes are the data's; null where nobody knows. */
  readonly classesMatch: boolean | null;
  /** Of its images, where those are known. */
  readonly layers: Layers;
  /** The distribution that Fréchet distances are to. */
  normal(role: Role): Promise<Normal>;
  /** Its mean, and the same as tools take it that add up float32 features in float32. */
  mean(role: Role): Promise<{ readonly exact: Float64Array; readonly rounded: Float64Array }>;
  kernel(): Promise<KernelReference>;
  balls(k: number): Promise<ReferenceBalls>;
}

export interface ReferenceSource extends ScoreNames {
  readonly multiply: Product;
  readonly classesMatch: boolean | null;
  readonly layers: Layers;
  /** Known without images, or beside them: then Fréchet distances are to these. */
  readonly statistics?: Readonly<Partial<Record<Role, Statistics>>>;
}

export function makeReference(source: ReferenceSource): Reference {
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
    async mean(role) {
      const stored = statistics[role];
      if (stored) return { exact: stored.mean, rounded: stored.mean };
      const images = table(role);
      const exact = await float64Mean(images);
      return { exact, rounded: images.float32 ? await float32Mean(images) : exact };
    },
    kernel: () => once("kernel", () => kernelReference(table("features"), multiply)),
    balls: (k) => once(`balls ${k}`, () => referenceBalls(table("features"), k, multiply)),
  };
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
