import { createHash } from "node:crypto";

/** sha256 of a value's JSON, in hexadecimal. */
export function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
