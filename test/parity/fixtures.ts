/** Reference numbers of other tools: a folder for every family of them, beside the checkout or where EPG_BENCH_FIXTURES says. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = process.env.EPG_BENCH_FIXTURES ?? resolve(import.meta.dirname, "../../../shared/fixtures");

/** The family's folder; null, for a test to skip, where it is not on this machine. */
export function fixtures(family: string): string | null {
  const folder = join(root, family);
  return existsSync(folder) ? folder : null;
}
