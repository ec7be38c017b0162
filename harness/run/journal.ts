/** `events.ndjson`: what happened in a run, one JSON object a line, appended as it happens. */
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { parseShard, type Shard, shardText } from "./shard.ts";

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

/** How a run began, wherever it is resumed from, and how long its processes were at it. */
export interface Beginning {
  readonly command: string;
  readonly cache: string;
  readonly startedAt: Date;
  /** From the first to the last that each earlier process wrote, those of the shards it was merged from among them. */
  readonly earlierSeconds: number;
  /** null: the whole run. */
  readonly shard: Shard | null;
}

/** @throws UserError where the journal does not tell */
export async function readBeginning(folder: string): Promise<Beginning> {
  const path = join(folder, "events.ndjson");
  const events = await readEvents(path);
  const [first] = events;
  if (first?.event === "began" && typeof first.command === "string" && typeof first.cache === "string") {
    const { command, cache, time } = first;
    const merged = typeof first.shardSeconds === "number" ? first.shardSeconds : 0;
    return {
      command,
      cache,
      startedAt: new Date(time),
      earlierSeconds: merged + secondsAtWork(events),
      shard: typeof first.shard === "string" ? parseShard(first.shard) : null,
    };
  }
  throw new UserError(`${path} does not say how the run began`, "start the run anew");
}

/** What a run's first event says, for `readBeginning`. */
export const beginningEvent = ({ command, cache, shard, earlierSeconds }: Beginning) => ({
  command,
  cache,
  ...(shard && { shard: shardText(shard) }),
  ...(earlierSeconds > 0 && { shardSeconds: earlierSeconds }),
});

/** The folder of each job's result, by the job's title: where it was last done or found. */
export async function readFolders(folder: string): Promise<ReadonlyMap<string, string>> {
  const events = await readEvents(join(folder, "events.ndjson"));
  return new Map(
    events.flatMap(({ job, folder: at }) =>
      typeof job === "string" && typeof at === "string" ? [[job, at] as const] : [],
    ),
  );
}

interface Event {
  readonly job?: unknown;
  readonly folder?: unknown;
  readonly command?: unknown;
  readonly cache?: unknown;
  readonly shard?: unknown;
  readonly shardSeconds?: unknown;
  readonly event: string;
  /** In milliseconds. */
  readonly time: number;
}

async function readEvents(path: string): Promise<Event[]> {
  const lines = existsSync(path) ? (await readFile(path, "utf8")).split("\n") : [];
  return lines.flatMap(parseEvent);
}

/** None where a line is no event: a process may have been killed while it wrote. */
function parseEvent(line: string): Event[] {
  try {
    const event = JSON.parse(line) as Record<string, unknown>;
    const time = Date.parse(String(event.time));
    return typeof event.event === "string" && Number.isFinite(time)
      ? [{ ...event, event: event.event, time }]
      : [];
  } catch {
    return [];
  }
}

function secondsAtWork(events: readonly Event[]): number {
  let seconds = 0;
  events.forEach(({ event, time }, i) => {
    if (event !== "resumed" && i > 0) seconds += Math.max(0, time - events[i - 1]!.time) / 1000;
  });
  return seconds;
}
