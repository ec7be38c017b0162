/** Files that verbs write at the end of their work. */
import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";

/**
 * Before hours of work, not after them.
 * @param flag by which the file was named
 * @throws UserError for a folder, and for a file in one that is not there or cannot be written to
 */
export async function requireWritable(flag: string, file: string): Promise<void> {
  if ((await stat(file).catch(() => null))?.isDirectory()) throw cannotWrite(flag, file, "it is a folder");
  await access(dirname(file), constants.W_OK).catch((error: Error) => {
    throw cannotWrite(flag, file, error.message);
  });
}

export const cannotWrite = (flag: string, file: string, why: string): UserError =>
  new UserError(
    `${flag}: cannot write ${file}: ${why}`,
    "name a file in a folder that exists and can be written to",
  );

/** A verb's `--json`: into a file, or for `-` on stdout. @throws UserError where the file cannot be written */
export async function writeJson(to: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (to === "-") {
    process.stdout.write(text);
    return;
  }
  const { writeAtomically } = await import("../formats/atomic.ts");
  await writeAtomically(to, (file) => file.writeFile(text)).catch((error: Error) => {
    throw cannotWrite("--json", to, error.message);
  });
}
