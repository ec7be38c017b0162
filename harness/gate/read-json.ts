/** JSON files that somebody else may have written or cut short: bounded, and refused with the place. */
import { readFile, stat } from "node:fs/promises";
import type { z } from "zod";
import { UserError } from "../errors.ts";
import { unexpectedAt } from "./json-error.ts";

/** A result of a hundred entries has a few megabytes. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * @param what what the file should be, for messages: "baseline"
 * @param fix what to do where it is absent or broken
 * @throws UserError on an absent, unreadable or overlong file, or one that is not JSON
 */
export async function readJson(path: string, what: string, fix: string): Promise<unknown> {
  const text = await readText(path, what, fix);
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`${path}: not JSON: unexpected ${unexpectedAt(text)}`, fix);
  }
}

async function readText(path: string, what: string, fix: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES)
      throw new UserError(`${path}: ${size} bytes are too many for a ${what} (at most ${MOST_BYTES})`, fix);
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new UserError(
      code === "ENOENT" ? `${path}: no such ${what}` : `${path}: cannot be read (${code})`,
      fix,
    );
  }
}

/**
 * Validates against `schema`, whose `schemaVersion` must be `version`.
 * @throws UserError naming both versions where they differ, else the first wrong field
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  version: number,
  value: unknown,
  path: string,
  fix: string,
): z.infer<Schema> {
  if (typeof value !== "object" || value === null || !("schemaVersion" in value))
    throw new UserError(`${path}: \`schemaVersion\` is missing`, fix);
  if (value.schemaVersion !== version)
    throw new UserError(
      `${path}: \`schemaVersion\` is ${JSON.stringify(value.schemaVersion)}, this epg-bench reads ${version}`,
      fix,
    );
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.length > 0 ? `\`${issue.path.join(".")}\`: ` : "";
  throw new UserError(`${path}: ${field}${issue.message}`, fix);
}
