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
  readonly threads?: number | undefined;
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
  const threads = flags.threads === undefined ? {} : { threads: flags.threads };
  return {
    ...config,
    seed,
    ...(samples !== undefined && { samples }),
    scoreAgainst: against,
    unconditional: flags.unconditional ?? config.unconditional,
    backend: { ...config.backend, options: { ...config.backend.options, ...threads } },
    dataset: dataset(config.dataset, flags),
    entries: entries(config.entries, flags, note),
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
