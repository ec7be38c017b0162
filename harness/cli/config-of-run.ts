import { existsSync } from "node:fs";
import { join } from "node:path";
import { RESOLVED_FILE, type ResolvedConfig, readResolved } from "../config/index.ts";

/** The config of a run named by its folder; a lone `result.json` has none. */
export const configOf = (run: string): ResolvedConfig | undefined =>
  existsSync(join(run, RESOLVED_FILE)) ? readResolved(run) : undefined;
