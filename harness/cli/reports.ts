import { join } from "node:path";
import { reporters } from "../../reports/index.ts";
import { shortened } from "../config/module.ts";
import { UserError } from "../errors.ts";
import type { Result } from "../result.ts";
import { suggestion } from "../suggest.ts";

/** Writes reports by the names of their formats; their paths, as seen from where the user stands. */
export async function writeReports(
  result: Result,
  folder: string,
  formats: readonly string[],
): Promise<string[]> {
  const loads = formats.map((format) => {
    if (Object.hasOwn(reporters, format)) return reporters[format]!;
    throw new UserError(`--format: unknown format "${format}"`, suggestion(format, Object.keys(reporters)));
  });
  const paths: string[] = [];
  for (const load of loads) {
    const written = await (await load()).write(result, folder);
    paths.push(...written.map((path) => shortened(join(folder, path))));
  }
  return paths;
}
