/** `events.ndjson`: what happened in a run, one JSON object a line, appended as it happens. */
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";

export interface Clock {
  /** The time of day. */
  date(): Date;
  /** Monotonic milliseconds. */
  now(): number;
}

export const systemClock: Clock = { date: () => new Date(), now: () => performance.now() };

export interface Journal {
  write(event: string, details?: Readonly<Record<string, unknown>>): Promise<void>;
}

export const openJournal = (folder: string, clock: Clock): Journal => ({
  write: (event, details = {}) =>
    appendFile(
      join(folder, "events.ndjson"),
      `${JSON.stringify({ time: clock.date().toISOString(), event, ...details })}\n`,
    ),
});

/** How a run began: its command and its cache, wherever it is resumed from. */
export interface Beginning {
  readonly command: string;
  readonly cache: string;
}

/** @throws UserError where the journal does not tell */
export async function readBeginning(folder: string): Promise<Beginning> {
  const path = join(folder, "events.ndjson");
  const first = existsSync(path) ? (await readFile(path, "utf8")).split("\n")[0]! : "";
  try {
    const { event, command, cache } = JSON.parse(first) as Record<string, unknown>;
    if (event === "began" && typeof command === "string" && typeof cache === "string")
      return { command, cache };
  } catch {
    // Told below: whatever is wrong with the line, it does not say how the run began.
  }
  throw new UserError(`${path} does not say how the run began`, "start the run anew");
}
