/**
 * The contracts between the harness and everything pluggable. Nothing but types: the harness knows
 * plugins only through these, and plugins know the harness only through these and its libraries.
 */
import type { BackendPlugin } from "./contracts/backend.ts";
import type { DatasetPlugin } from "./contracts/data.ts";
import type { FeaturesPlugin } from "./contracts/features.ts";
import type { Model } from "./contracts/model.ts";

export type * from "./contracts/backend.ts";
export type * from "./contracts/data.ts";
export type * from "./contracts/elsewhere.ts";
export type * from "./contracts/features.ts";
export type * from "./contracts/model.ts";
export type * from "./contracts/sampling.ts";
export type * from "./contracts/stage.ts";

/** What the factories `epg({...})`, `shapes({...})` return: plain data, so that a config can be saved, hashed and sent. */
export interface Descriptor<Kind extends PluginKind = PluginKind> {
  readonly kind: Kind;
  /** A built-in name, a package, or a path beginning with `./`, `../` or `/`. */
  readonly plugin: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export type PluginKind = "backend" | "model" | "dataset" | "features" | "reporter";

/** A plugin module's default export is one of these. */
export interface PluginOf {
  readonly backend: BackendPlugin;
  readonly model: Model;
  readonly dataset: DatasetPlugin;
  readonly features: FeaturesPlugin;
  readonly reporter: Reporter;
}

export interface Reporter {
  readonly name: string;
  /** Writes into the run folder from the result alone; returns the paths written, relative to it. */
  write(result: import("./result.ts").Result, folder: string): Promise<readonly string[]>;
}
