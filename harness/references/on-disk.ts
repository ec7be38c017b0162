import { UserError } from "../errors.ts";

const FULL = ["ENOSPC", "EDQUOT"];

/**
 * Tells what the disk says of a file that is being written as the user's to mend; other errors, those of other files
 * among them, stay what they are.
 * @param fix what to do about it
 * @throws UserError where the disk refuses
 */
export async function onDisk<Value>(file: string, fix: string, write: () => Promise<Value>): Promise<Value> {
  try {
    return await write();
  } catch (error) {
    const { code, syscall, path = file, message } = error as NodeJS.ErrnoException;
    // A folder above it, or the temporary file beside it.
    const isOurs = path.startsWith(file) || file.startsWith(path);
    if (syscall === undefined || syscall === "read" || !isOurs) throw error;
    throw FULL.includes(code ?? "")
      ? new UserError(`${file} cannot grow: the disk is full (${code})`, fix)
      : new UserError(`${file} cannot be written: ${message}`, fix);
  }
}
