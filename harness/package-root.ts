import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/**
 * The folder of this package: the same from `harness/` (sources) and from `dist/harness/` (built), so
 * that weights, built-in configs and reference statistics have one path in both.
 */
export function packageRoot(): string {
  if (found !== undefined) return found;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isEpgBench(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json of epg-bench above ${import.meta.url}`);
    folder = parent;
  }
  found = folder;
  return folder;
}

/** The version in package.json. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version;
}

function isEpgBench(file: string): boolean {
  return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name === "epg-bench";
}
