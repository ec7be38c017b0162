import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const NAMES = ["ts", "mts", "js", "mjs", "json"].map((extension) => `epg-bench.config.${extension}`);

/** The nearest `epg-bench.config.*` from `folder` up to the root of its git repository (or of the disk). */
export function findConfig(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const name = NAMES.find((candidate) => existsSync(join(at, candidate)));
    if (name !== undefined) return join(at, name);
    if (existsSync(join(at, ".git")) || dirname(at) === at) return undefined;
  }
}
