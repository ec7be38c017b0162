/** The files that a command's images depend on. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { UserError } from "../../../harness/errors.ts";
import type { CommandOptions } from "./options.ts";

/**
 * The program, every argument that is a file, and `files`.
 * @throws UserError for a program or one of `files` that is not there
 */
export function filesOf({ command, files }: CommandOptions, folder: string): string[] {
  const [program, ...words] = command as [string, ...string[]];
  const missing = files.find((file) => !isFile(resolve(folder, file)));
  if (missing !== undefined)
    throw new UserError(
      `files: no file ${resolve(folder, missing)}`,
      "give its path from the config's folder",
    );
  const named = words.map((word) => resolve(folder, word)).filter(isFile);
  return [programFile(program, folder), ...named, ...files.map((file) => resolve(folder, file))];
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

function programFile(program: string, folder: string): string {
  const isPath = program.includes("/");
  const candidates = isPath
    ? [resolve(folder, program)]
    : (process.env.PATH ?? "").split(delimiter).map((part) => join(part, program));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new UserError(
    `command: ${isPath ? `no program that can be run at ${candidates[0]}` : `no program "${program}" on the PATH`}`,
    isPath
      ? "give its path from the config's folder, and make it executable"
      : "install it, or give its path",
  );
}

function isExecutable(path: string): boolean {
  if (!isFile(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
