import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { parseGates } from "../gate/schema.ts";
import type { Descriptor, PluginKind } from "../plugin.ts";
import { child, fieldAt } from "./field.ts";
import { userErrorFrom } from "./issues.ts";
import { shortened } from "./module.ts";
import { plain } from "./plain.ts";
import { loadPlugin, parseOptions } from "./plugins.ts";
import { type CheckedConfig, configSchema, type ResolvedConfig, resolvedConfigSchema } from "./schema.ts";

/** Where a run folder keeps its resolved config; the sign that a folder holds a run. */
export const RESOLVED_FILE = "config.resolved.json";

/** The config with its defaults; plugin options are not looked at yet. */
export function checkConfig(raw: unknown, source: string): CheckedConfig {
  const input = plain(raw, [], source);
  const gates = child(input, "gates");
  if (gates !== undefined) parseGates(gates, source);
  const parsed = configSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw userErrorFrom(parsed.error, { input, schema: configSchema, at: [], source });
}

/** Checks the options of every plugin the config names: nothing trains before all of it can. */
export async function checkPlugins(config: ResolvedConfig, source: string): Promise<void> {
  const { dataset, features, backend, entries, baseFolder } = config;
  const check = async (kind: Exclude<PluginKind, "reporter">, descriptor: Descriptor, at: string[]) =>
    parseOptions(await loadPlugin(kind, descriptor.plugin, baseFolder), descriptor, at, source);
  await check("dataset", dataset, ["dataset"]);
  await check("features", features, ["features"]);
  await check("backend", backend, ["backend"]);
  for (const [name, model] of Object.entries(entries)) await check("model", model, ["entries", name]);
}

/** Flags that are not spelt as the option they set. */
const SPELT: Readonly<Record<string, string>> = {
  compile: "--no-compile",
  processes: "--gpus or --processes",
};

/** @throws UserError for a flag that is no option of the config's backend */
export async function requireOptions(
  { backend, baseFolder }: ResolvedConfig,
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (Object.keys(options).length === 0) return;
  const { schema } = await loadPlugin("backend", backend.plugin, baseFolder);
  const { keys } = fieldAt(schema, [], {});
  const unknown = Object.keys(options).find((option) => !keys.includes(option));
  if (unknown === undefined) return;
  const flag = SPELT[unknown] ?? `--${unknown}`;
  throw new UserError(
    `${flag}: the backend "${backend.plugin}" has no option ${unknown}`,
    "drop the flag, or name another backend with --backend",
  );
}

/**
 * Gives an option to every entry that trains by a model that knows it.
 * @param flag what gave it
 * @param value undefined: nothing did
 * @throws UserError where there is no such entry
 */
export async function withOption(
  config: CheckedConfig,
  flag: string,
  option: string,
  value: unknown,
  baseFolder: string,
): Promise<CheckedConfig> {
  if (value === undefined) return config;
  const entries: CheckedConfig["entries"] = {};
  for (const [name, model] of Object.entries(config.entries)) {
    const { schema } = await loadPlugin("model", model.plugin, baseFolder);
    const knows = fieldAt(schema, [], {}).keys.includes(option) && (model.options.weights ?? null) === null;
    entries[name] = knows ? { ...model, options: { ...model.options, [option]: value } } : model;
  }
  if (Object.values(entries).some(({ options }) => options[option] === value)) return { ...config, entries };
  throw new UserError(
    `${flag}: no entry of the config trains by a model that has the option ${option}`,
    "drop the flag, or name a config with such an entry: epg, latent or sit",
  );
}

/** Reads the resolved config of a run back, for `--resume`. */
export function readResolved(folder: string): ResolvedConfig {
  const file = join(folder, RESOLVED_FILE);
  if (!existsSync(file)) {
    throw new UserError(
      `${shortened(folder)} holds no run: it has no ${RESOLVED_FILE}`,
      "name the folder of a run that was begun, or start one with `epg-bench run`",
    );
  }
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`${shortened(file)} is not JSON: ${(error as Error).message}`, "start the run anew");
  }
  const parsed = resolvedConfigSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw userErrorFrom(parsed.error, { input, schema: resolvedConfigSchema, at: [], source: shortened(file) });
}
