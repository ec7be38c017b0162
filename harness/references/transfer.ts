/** One request for a file over HTTP, which goes on where the last one broke off. */
import { type FileHandle, open, readFile, rm, writeFile } from "node:fs/promises";
import { type Dispatcher, fetch, type Response } from "undici";
import { z } from "zod";
import { writeAt } from "../formats/atomic.ts";
import { parsedJson } from "../formats/strict-json.ts";
import { onDisk } from "./on-disk.ts";

/** Why a file did not come. */
export class TransferError extends Error {
  override name = "TransferError";
  /** Whether asking again would change nothing. */
  readonly final: boolean;

  constructor(reason: string, final: boolean) {
    super(reason);
    this.final = final;
  }
}

/** Busy servers answer later. */
function refused({ status, statusText }: Response): TransferError {
  const reason = `the server answers ${[status, statusText].join(" ").trim()}`;
  return new TransferError(reason, status < 500 && status !== 408 && status !== 429);
}

/** The connection was lost, or was never made. A name that does not resolve will not a second later. */
function disconnected(error: unknown): TransferError {
  // fetch says "fetch failed" or "terminated"; the reason is its cause, without words where hosts have several addresses.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = String(Reflect.get(Object(cause), "code") ?? "");
  const reason = (cause instanceof Error ? cause.message : String(cause)) || code;
  return new TransferError(reason, code === "ENOTFOUND");
}

interface TransferOptions {
  readonly dispatcher: Dispatcher;
  /** How long the file must be, where that is known. */
  readonly bytes: number | null;
  /** Called once, where the server tells the length, then with every piece. */
  readonly progress: (done: number, total: number | null) => void;
}

/** What must be the same for the rest of a file to belong to its beginning. */
const stateSchema = z.strictObject({ url: z.string(), validator: z.string() });

/**
 * Fetches `url` into `part`; where that holds a beginning of the same version of the same file (by its strong
 * ETag or its date of change), only the rest.
 * @returns how long the whole file is
 * @throws TransferError; UserError where the disk does not take it
 */
export async function transfer(url: string, part: string, options: TransferOptions): Promise<number> {
  const { validator, size } = await beginning(url, part);
  const response = await ask(url, size, validator, options.dispatcher);
  try {
    if (response.status === 416) return await nothingLeft(response, part, size);
    if (!response.ok) throw refused(response);
    requireSecure(url, response.url);
    const from = response.status === 206 ? rangeStart(response, size) : 0;
    const length = contentLength(response);
    const total = length === null ? null : from + length;
    requireLength(total, options.bytes);
    const file = await opened(url, part, from, response);
    try {
      return await receive(response, { file, part }, from, total, options);
    } finally {
      await file.close();
    }
  } finally {
    await response.body?.cancel().catch(() => {});
  }
}

async function ask(url: string, from: number, validator: string, dispatcher: Dispatcher): Promise<Response> {
  const range = from > 0 ? { range: `bytes=${from}-`, "if-range": validator } : {};
  try {
    // Compressed on the way, ranges would be of the compressed bytes.
    return await fetch(url, { dispatcher, headers: { "accept-encoding": "identity", ...range } });
  } catch (error) {
    throw disconnected(error);
  }
}

/** The server has nothing from `size` on: the file is whole already, or what is there is no beginning of it. */
async function nothingLeft({ headers }: Response, part: string, size: number): Promise<number> {
  if (headers.get("content-range") === `bytes */${size}`) return size;
  await forget(part);
  throw new TransferError("the file on the server is shorter than what has come of it", false);
}

/** Where a file starts over, what is remembered of the one before is forgotten before its bytes are. */
async function opened(url: string, part: string, from: number, response: Response): Promise<FileHandle> {
  if (from > 0) return kept(part, () => open(part, "r+"));
  await forget(part);
  const file = await kept(part, () => open(part, "w"));
  await remember(url, part, response);
  return file;
}

async function receive(
  response: Response,
  { file, part }: { file: FileHandle; part: string },
  from: number,
  total: number | null,
  { progress, bytes }: TransferOptions,
): Promise<number> {
  let done = from;
  progress(done, total);
  for await (const chunk of pieces(response)) {
    if (done + chunk.length > (bytes ?? total ?? Number.POSITIVE_INFINITY))
      throw new TransferError("more bytes came than the file has", true);
    await kept(part, () => writeAt(file, done, chunk));
    done += chunk.length;
    progress(done, total);
  }
  if (total !== null && done !== total)
    throw new TransferError(`the connection closed after ${done} of ${total} bytes`, false);
  await kept(part, () => file.sync());
  return done;
}

async function* pieces({ body }: Response): AsyncGenerator<Uint8Array> {
  if (!body) return;
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    throw disconnected(error);
  }
}

/** @throws UserError where the disk refuses */
const kept = <Value>(part: string, work: () => Promise<Value>): Promise<Value> =>
  onDisk(
    part,
    "free space there and make its folder writable, and run the command again, which goes on from there; or have XDG_CACHE_HOME name a folder on another disk",
    work,
  );

const stateFile = (part: string): string => `${part}.json`;

/** How much of the file is there, and by what the server can tell that it is still the same file. */
async function beginning(url: string, part: string): Promise<{ size: number; validator: string }> {
  const none = { size: 0, validator: "" };
  const text = await readFile(stateFile(part), "utf8").catch(() => null);
  if (text === null) return none;
  const state = stateSchema.safeParse(parsedJson(text));
  const file = await open(part, "r").catch(() => null);
  if (!file) return none;
  const { size } = await file.stat();
  await file.close();
  return state.success && state.data.url === url ? { size, validator: state.data.validator } : none;
}

async function remember(url: string, part: string, { headers }: Response): Promise<void> {
  const etag = headers.get("etag");
  // A weak ETag does not promise the same bytes (RFC 9110, §13.1.5).
  const validator = etag && !etag.startsWith("W/") ? etag : headers.get("last-modified");
  if (headers.get("accept-ranges") === "none" || !validator) return;
  await kept(part, () => writeFile(stateFile(part), JSON.stringify({ url, validator })));
}

/** Forgets by what a beginning could be told: it will be written over. */
export const forget = (part: string): Promise<void> => rm(stateFile(part), { force: true });

function contentLength({ headers }: Response): number | null {
  const text = headers.get("content-length");
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function rangeStart({ headers }: Response, asked: number): number {
  const start = Number(/^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1]);
  if (start !== asked)
    throw new TransferError(
      `asked for bytes from ${asked} on, the server gives ${headers.get("content-range")}`,
      true,
    );
  return start;
}

function requireSecure(asked: string, given: string): void {
  if (asked.startsWith("https:") && !given.startsWith("https:"))
    throw new TransferError(`it leads to ${given}, which anyone on the way can change`, true);
}

/** A proxy or a login page may answer in a file's place. */
function requireLength(found: number | null, needed: number | null): void {
  if (found !== null && needed !== null && found !== needed)
    throw new TransferError(`it has ${found} bytes, and the file that is wanted has ${needed}`, true);
}
