import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RESOLVED_FILE } from "../config/index.ts";
import { shortened } from "../config/module.ts";
import { UserError } from "../errors.ts";

/**
 * Where a new run goes: exactly `output`, or `.epg-bench/runs/<utc>-<name>`.
 *
 * @param name of the config
 * @throws UserError where a run lies there already, or nothing can be written
 */
export function newRunFolder(output: string | undefined, name: string, now: Date): string {
  if (output === undefined) return defaultFolder(name, now);
  const folder = resolve(output);
  if (existsSync(join(folder, RESOLVED_FILE))) {
    throw new UserError(
      `--output: ${shortened(folder)} holds a run already`,
      `go on with it by \`epg-bench run --resume ${output}\`, or name another folder`,
    );
  }
  const above = nearestExisting(folder);
  if (!statSync(above).isDirectory()) {
    throw new UserError(`--output: ${shortened(above)} is a file`, "name a folder");
  }
  try {
    accessSync(above, constants.W_OK);
  } catch {
    throw new UserError(`--output: ${shortened(above)} cannot be written`, "name a folder that can");
  }
  return folder;
}

/** `2026-05-01T12-34-56-789Z-shapes`: sorts by time; a second run of the same millisecond takes the next. */
function defaultFolder(name: string, now: Date): string {
  const stamp = now.toISOString().replace(/[:.]/g, "-");
  const folder = resolve(".epg-bench", "runs", `${stamp}-${name}`);
  return existsSync(folder) ? defaultFolder(name, new Date(now.getTime() + 1)) : folder;
}

const nearestExisting = (path: string): string => (existsSync(path) ? path : nearestExisting(dirname(path)));
