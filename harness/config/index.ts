/** From a config file, or none, and flags to the config of a run. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { loadBaseline } from "../gate/baseline.ts";
import { packageRoot } from "../package-root.ts";
import { findConfig } from "./discover.ts";
import { defaultExport, shortened } from "./module.ts";
import { backendOptions, type Overrides, override } from "./overrides.ts";
import { checkConfig, checkPlugins, readResolved, requireOptions, withOption } from "./resolve.ts";
import type { ResolvedConfig } from "./schema.ts";

export type { Overrides } from "./overrides.ts";
export { RESOLVED_FILE, readResolved } from "./resolve.ts";
export type { ResolvedConfig } from "./schema.ts";

interface ConfigRequest {
  /** The file named by `--config`; undefined: discovered from `folder`, else built in. */
  readonly file?: string | undefined;
  readonly folder: string;
  readonly overrides: Overrides;
  /** Told which config was chosen. */
  readonly note: (line: string) => void;
}

/** @throws UserError for whatever in the config cannot be run: nothing trains before all of it can */
export async function loadConfig({ file, folder, overrides, note }: ConfigRequest): Promise<ResolvedConfig> {
  const own = file === undefined ? findConfig(folder) : existing(resolve(folder, file));
  const builtIn = overrides.data === undefined ? "shapes" : "photos";
  const path = own ?? builtinConfig(builtIn);
  const source = own === undefined ? `the built-in config ${builtIn}` : shortened(own);
  note(`config: ${source}`);
  const given = override(checkConfig(await defaultExport(path, "the config"), source), overrides, note);
  const baseFolder = own === undefined ? resolve(folder) : dirname(own);
  const { microBatch, recompute } = overrides;
  const inParts = await withOption(given, "--micro-batch", "microBatch", microBatch, baseFolder);
  const config = await withOption(inParts, "--recompute", "recompute", recompute, baseFolder);
  const resolved: ResolvedConfig = {
    ...config,
    name: own === undefined ? builtIn : basename(own).replace(/(\.config)?\.[^.]+$/, ""),
    file: own ?? null,
    baseFolder,
    ...(config.baseline !== undefined && { baseline: resolve(baseFolder, config.baseline) }),
  };
  await requireOptions(resolved, backendOptions(overrides));
  await checkPlugins(resolved, source);
  // Read for its errors: better now than after hours of training.
  if (resolved.baseline !== undefined) await loadBaseline(resolved.baseline);
  return resolved;
}

/** The file of a config that ships with the package. */
function builtinConfig(name: "shapes" | "photos"): string {
  return join(packageRoot(), "configs", `${name === "shapes" ? "default" : name}.config.ts`);
}

function existing(file: string): string {
  if (existsSync(file)) return file;
  throw new UserError(`--config: no file ${shortened(file)}`, "give the path of a config file");
}

/** A run's config as it was, but in as many processes and on as many machines as are asked for now: that changes results by rounding alone. */
export async function resumedConfig(
  folder: string,
  { gpus, processes, nodes, rendezvous }: Pick<Overrides, "gpus" | "processes" | "nodes" | "rendezvous">,
): Promise<ResolvedConfig> {
  const config = readResolved(folder);
  const own = backendOptions({ gpus, processes, nodes, rendezvous });
  const { backend } = config;
  const resumed = { ...config, backend: { ...backend, options: { ...backend.options, ...own } } };
  await requireOptions(resumed, own);
  return resumed;
}
