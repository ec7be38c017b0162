/** Loads a user's own TypeScript or JavaScript (a config, a plugin) on every Node we support. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { createJiti } from "jiti";
import { UserError } from "../errors.ts";

/** A loader of modules named as seen from `folder`; in them, `epg-bench` is this very package wherever they lie. */
export async function loader(folder: string) {
  const api = await import("../index.ts");
  return createJiti(join(folder, "epg-bench"), {
    fsCache: false,
    interopDefault: false,
    virtualModules: { "epg-bench": api },
  });
}

/**
 * The default export of a module.
 *
 * @param role how messages call it: "the config", "the model plugin"
 * @throws UserError with file and line when the module throws or does not parse
 */
export async function defaultExport(file: string, role: string): Promise<unknown> {
  if (file.endsWith(".json")) return parseJson(file, role);
  const jiti = await loader(dirname(file));
  let loaded: unknown;
  try {
    loaded = await jiti.import(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${role} ${place(error, file)} throws: ${firstLine(error)}`, `mend ${role}`);
  }
  const value = (loaded as { default?: unknown }).default;
  if (value === undefined) {
    throw new UserError(`${role} ${shortened(file)} has no default export`, "write `export default …`");
  }
  return value;
}

function parseJson(file: string, role: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`${role} ${shortened(file)} is not JSON: ${firstLine(error)}`, `mend ${role}`);
  }
}

/** A path as seen from where the user stands. */
export function shortened(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") || path === "" ? file : path;
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error)
    .split("\n")[0]!
    .trim();

/** `file:line` of the innermost place in the file that stack or parse message mentions. */
function place(error: unknown, file: string): string {
  const text = error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : "";
  const at = text.indexOf(`${file}:`);
  const position = at < 0 ? undefined : /^:\d+/.exec(text.slice(at + file.length))?.[0];
  return `${shortened(file)}${position ?? ""}`;
}
