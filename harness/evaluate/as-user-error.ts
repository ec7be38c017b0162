import { UserError } from "../errors.ts";
import { FormatError } from "../formats/format-error.ts";

/** A file's own fault is its user's to mend; every other error stays what it is. */
export const asUserError = (error: unknown): unknown =>
  error instanceof FormatError ? new UserError(error.message) : error;
