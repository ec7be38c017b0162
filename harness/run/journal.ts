/** `events.ndjson`: what happened in a run, one JSON object a line, appended as it happens. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";

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
