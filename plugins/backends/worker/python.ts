/** The Python a worker runs in: how it is named, and what is said where it is of no use. */
import { isAbsolute } from "node:path";
import { z } from "zod";
import { UserError } from "../../../harness/errors.ts";
import type { Frame } from "./frames.ts";

/** A command on the PATH, or an absolute path. */
export const pythonOption = z
  .string()
  .min(1)
  .refine((python) => isAbsolute(python) || !/[/\\]/.test(python), "give a command or an absolute path")
  .default(() => process.env.EPG_BENCH_PYTHON || "python3");

export const OTHER_PYTHON =
  "name another Python with --python (EPG_BENCH_PYTHON, or `python` in the backend's options)";

/** The library that a worker computes with. */
export interface Library {
  readonly name: string;
  /** What pip calls it. Its worker refuses with `no …` and `old …`. */
  readonly package: string;
  readonly oldest: string;
  /** Said of its installation beside the command. */
  readonly hint?: string;
}

/**
 * What a worker says of itself.
 * @param first the first frame, or what came in its place
 * @param spawnError the system's code where the process could not even be started
 * @throws UserError where there is no Python, no worker, or no library that is new enough
 */
export function requireLibrary(
  backend: string,
  python: string,
  library: Library,
  first: Frame | Error,
  spawnError?: string,
): Readonly<Record<string, unknown>> {
  const { name, oldest } = library;
  if (spawnError !== undefined)
    throw new UserError(
      spawnError === "ENOENT"
        ? `backend ${backend}: found no Python "${python}"`
        : `backend ${backend}: the Python "${python}" cannot be started (${spawnError})`,
      `install Python 3.9 or newer with ${name} ${oldest} or newer, or ${OTHER_PYTHON}`,
    );
  if (first instanceof Error)
    throw new UserError(`backend ${backend}: "${python}" runs no worker: ${first.message}`, OTHER_PYTHON);
  const { refused, python: version, found } = first.header;
  if (refused === `no ${library.package}`)
    throw new UserError(
      `backend ${backend}: "${python}" (Python ${version}) has no ${name}: ${found}`,
      `\`${python} -m pip install ${library.package}\` (${oldest} or newer${library.hint ? `; ${library.hint}` : ""}), or ${OTHER_PYTHON}`,
    );
  if (refused === `old ${library.package}`)
    throw new UserError(
      `backend ${backend}: needs ${name} ${oldest} or newer, "${python}" has ${found}`,
      `\`${python} -m pip install --upgrade ${library.package}\`, or ${OTHER_PYTHON}`,
    );
  return first.header;
}
