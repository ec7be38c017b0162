/** Two sets seen through one extractor, and what is computed from them once, however many scores need it. */
import type { Matrix, Product, Rows } from "../linear-algebra/index.ts";
import {
  covarianceOf,
  type KernelReference,
  kernelReference,
  meanOf,
  momentsOf,
  type Normal,
  normalOfCovariance,
  normalOfFeatures,
  type ReferenceBalls,
  referenceBalls,
  type Statistics,
} from "../metrics/index.ts";
import type { ScoreNames } from "./score.ts";

export type Table = Matrix | Rows;

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
  /** Whether there is a distribution of these: from statistics, or from images. */
  has(role: Role): boolean;
  /** The distribution that Fréchet distances are to. */
  normal(role: Role): Promise<Normal>;
  /**
   * The same as a mean and a covariance.
   * @param meanOfTable how a tool takes the mean of images' features; null: in float64
   */
  statistics(role: Role, meanOfTable: MeanOfTable | null): Promise<Statistics>;
  kernel(): Promise<KernelReference>;
  balls(k: number): Promise<ReferenceBalls>;
}

type MeanOfTable = (table: Table) => Float64Array | Promise<Float64Array>;

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
  const statisticsOf = async (role: Role, meanOfTable: MeanOfTable | null): Promise<Statistics> => {
    const moments = await momentsOf(table(role), multiply);
    const mean = (await meanOfTable?.(table(role))) ?? meanOf(moments);
    return { mean, covariance: covarianceOf(moments) };
  };
  return {
    ...source,
    has: (role) => statistics[role] !== undefined || layers[role] !== undefined,
    normal: (role) =>
      once(`normal ${role}`, async () => {
        const stored = statistics[role];
        if (stored) return normalOfCovariance(stored.mean, stored.covariance, multiply);
        return normalOfFeatures(table(role), multiply);
      }),
    statistics: async (role, meanOfTable) => statistics[role] ?? statisticsOf(role, meanOfTable),
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
