/** `run --quick`: only the entries that train nothing. */
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import type { Task } from "../plugin.ts";
import { namingEntry, openModel } from "./open.ts";

/** The config's entries where it asks for no quick run. @throws UserError where every entry trains */
export async function quickened(config: ResolvedConfig, task: Task): Promise<ResolvedConfig> {
  if (!config.quick) return config;
  const kept: [string, ResolvedConfig["entries"][string]][] = [];
  for (const [name, descriptor] of Object.entries(config.entries)) {
    const { model, options } = await openModel(config, descriptor, name);
    const stages = await namingEntry(name, async () => model.stages(options, task));
    if (stages.length === 0) kept.push([name, descriptor]);
  }
  if (kept.length === 0)
    throw new UserError(
      `--quick runs what trains nothing, but every entry trains: ${Object.keys(config.entries)
        .map((name) => `"${name}"`)
        .join(", ")}`,
      "leave --quick out, give an entry `weights`, or add ...shippedEntries() to a config of shapes at 32 px",
    );
  // Sampled again, an entry takes many times as long.
  const { comparison: _left, ...rest } = config;
  return { ...rest, entries: Object.fromEntries(kept) };
}
