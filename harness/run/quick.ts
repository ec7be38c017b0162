/** `run --quick`: only the entries that train nothing. */
import type { ResolvedConfig } from "../config/index.ts";
import { UserError } from "../errors.ts";
import { cacheFolder } from "./folder.ts";
import { openDataset, openModel, taskOf } from "./open.ts";

/** @throws UserError where every entry trains */
export async function quickened(config: ResolvedConfig): Promise<ResolvedConfig> {
  const task = taskOf(config, await openDataset(config, cacheFolder()));
  const kept: [string, ResolvedConfig["entries"][string]][] = [];
  for (const [name, descriptor] of Object.entries(config.entries)) {
    const { model, options } = await openModel(config, descriptor, name);
    if (model.stages(options, task).length === 0) kept.push([name, descriptor]);
  }
  if (kept.length === 0)
    throw new UserError(
      `--quick runs what trains nothing, but every entry trains: ${Object.keys(config.entries)
        .map((name) => `"${name}"`)
        .join(", ")}`,
      "leave --quick out, give an entry `weights`, or add ...shippedEntries() to a config of shapes at 32 px",
    );
  return { ...config, quick: true, entries: Object.fromEntries(kept) };
}
