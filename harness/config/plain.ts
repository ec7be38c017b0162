import { UserError } from "../errors.ts";
import { fieldName } from "./issues.ts";

/**
 * The value as plain JSON data, so that a config can be saved, hashed and sent: fields that are
 * `undefined` are left out.
 *
 * @throws UserError naming the field that holds a function, a NaN, a class instance …
 */
export function plain(value: unknown, path: readonly PropertyKey[], source: string): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((element, index) => plain(element, [...path, index], source));
  if (isPlainObject(value)) {
    const kept = Object.entries(value).filter(([, field]) => field !== undefined);
    return Object.fromEntries(kept.map(([key, field]) => [key, plain(field, [...path, key], source)]));
  }
  const found = typeof value === "object" ? `a ${value.constructor?.name ?? "object"}` : String(value);
  throw new UserError(
    `\`${fieldName(path)}\` must be plain data, got ${found.slice(0, 80)} in ${source}`,
    "use numbers, texts, lists and objects; behaviour belongs in a plugin, named by its path",
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  // A config module has its own realm's Object.prototype, or none.
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
