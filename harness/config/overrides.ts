import { resolve } from "node:path";
import { UserError } from "../errors.ts";
import type { CheckedConfig } from "./schema.ts";
import { isShipped } from "./shipped.ts";

/** What flags say instead of the config. */
export interface Overrides {
  /** A folder of images in place of the config's data set. */
  readonly data?: string | undefined;
  readonly seed?: number | undefined;
  readonly samples?: number | undefined;
  /** A backend by name; the config's options for another one are left. */
  readonly backend?: string | undefined;
  readonly device?: string | undefined;
  readonly python?: string | undefined;
  /** `--no-compile`; true is what it is without the flag, and says nothing. */
  readonly compile?: boolean | undefined;
  readonly precision?: string | undefined;
  readonly threads?: number | undefined;
  /** Processes that train together. */
  readonly processes?: number | undefined;
  /** The same, a GPU each. */
  readonly gpus?: number | undefined;
  /** Images of a batch that pass forward and back at once, of every entry that trains. */
  readonly microBatch?: number | undefined;
  /** Blocks are computed anew in the backward pass, of every entry that trains. */
  readonly recompute?: boolean | undefined;
  /** Machines that train together. */
  readonly nodes?: number | undefined;
  /** Where they meet: `host:port` of the one that runs. */
  readonly rendezvous?: string | undefined;
  readonly unconditional?: boolean | undefined;
  readonly skipUnreadable?: boolean | undefined;
  readonly against?: "reference" | "train" | undefined;
}

const DEFAULT_RESOLUTION = 64;

export function override(
  config: CheckedConfig,
  flags: Overrides,
  note: (line: string) => void,
): CheckedConfig {
  const { seed = config.seed, samples = config.samples, against = config.scoreAgainst } = flags;
  return {
    ...config,
    seed,
    ...(samples !== undefined && { samples }),
    scoreAgainst: against,
    unconditional: flags.unconditional ?? config.unconditional,
    backend: backend(config.backend, flags),
    dataset: dataset(config.dataset, flags),
    entries: entries(config.entries, flags, note),
  };
}

function backend(configured: CheckedConfig["backend"], flags: Overrides): CheckedConfig["backend"] {
  const { backend: plugin = configured.plugin } = flags;
  const kept = plugin === configured.plugin ? configured.options : {};
  return { kind: "backend", plugin, options: { ...kept, ...backendOptions(flags) } };
}

/** The options of a backend that flags set. */
export function backendOptions(flags: Overrides): Record<string, unknown> {
  const { python, compile, precision, threads, gpus, nodes, rendezvous } = flags;
  const { device = gpus === undefined ? undefined : "cuda", processes = gpus } = flags;
  return {
    ...(device !== undefined && { device }),
    ...(processes !== undefined && { processes }),
    ...(nodes !== undefined && { nodes }),
    ...(rendezvous !== undefined && { rendezvous }),
    // A command is looked up, a path is relative to where it was written.
    ...(python !== undefined && { python: /[/\\]/.test(python) ? resolve(python) : python }),
    ...(compile === false && { compile }),
    ...(precision !== undefined && { precision }),
    ...(threads !== undefined && { threads }),
  };
}

/** Shipped weights know one task: a flag that gives another one leaves their entries out. */
function entries(
  configured: CheckedConfig["entries"],
  { data, unconditional }: Overrides,
  note: (line: string) => void,
): CheckedConfig["entries"] {
  if (data === undefined && !unconditional) return configured;
  const [left, kept] = [true, false].map((shipped) =>
    Object.entries(configured).filter(([, model]) => isShipped(model) === shipped),
  ) as [[string, CheckedConfig["entries"][string]][], [string, CheckedConfig["entries"][string]][]];
  if (left.length === 0 || kept.length === 0) return configured;
  const flag = data === undefined ? "--unconditional" : "--data";
  note(`left out for ${flag}: ${left.map(([name]) => `"${name}"`).join(", ")}, trained on labelled shapes`);
  return Object.fromEntries(kept);
}

function dataset(configured: CheckedConfig["dataset"], flags: Overrides): CheckedConfig["dataset"] {
  const chosen = flags.data === undefined ? configured : imageFolder(configured, flags.data);
  if (chosen.plugin !== "image-folder") {
    if (!flags.skipUnreadable) return chosen;
    throw new UserError(
      `--skip-unreadable: the data set "${chosen.plugin}" reads no folder of images`,
      "drop the flag, or name a folder with --data",
    );
  }
  const own = {
    // Class folders' names then play no part in the split or its warnings either.
    ...(flags.unconditional && { unconditional: true }),
    ...(flags.skipUnreadable && { skipUnreadable: true }),
  };
  return { ...chosen, options: { ...chosen.options, ...own } };
}

/** Keeps what the config says of folders of images, and at least its resolution: the entries' sizes hang on it. */
function imageFolder(configured: CheckedConfig["dataset"], folder: string): CheckedConfig["dataset"] {
  const { resolution = DEFAULT_RESOLUTION } = configured.options;
  const kept = configured.plugin === "image-folder" ? configured.options : {};
  return {
    kind: "dataset",
    plugin: "image-folder",
    options: { ...kept, resolution, folder: resolve(folder) },
  };
}
