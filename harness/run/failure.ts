/** An error as plain data, so that another process or thread can tell it as what it was. */
import { EntryError, UserError } from "../errors.ts";
import { Diverged, Stopped } from "./jobs.ts";

export interface Failure {
  readonly reason: "stopped" | "diverged" | "user" | "entry" | "crash";
  readonly message: string;
  readonly fix?: string | undefined;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Stopped) return { reason: "stopped", message: error.message };
  if (error instanceof Diverged) return { reason: "diverged", message: error.message };
  if (error instanceof UserError) return { reason: "user", message: error.message, fix: error.fix };
  if (error instanceof EntryError) return { reason: "entry", message: error.message };
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  return { reason: "crash", message: stack ?? message };
}

/** What `failureOf` was given, as far as it tells. */
export function errorOf({ reason, message, fix }: Failure): Error {
  switch (reason) {
    case "stopped":
      return new Stopped(message);
    case "diverged":
      return new Diverged(message);
    case "user":
      return new UserError(message, fix);
    case "entry":
      return new EntryError(message);
    case "crash":
      return Object.assign(new Error(message.split("\n")[0]), { stack: message });
  }
}
