/** Fetches published files: resumed, retried, and checked before a file gets its name. */
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EnvHttpProxyAgent } from "undici";
import { UserError } from "../errors.ts";
import { fileChecksum } from "./checksum.ts";
import { pinned } from "./resolve.ts";
import { forget, TransferError, transfer } from "./transfer.ts";

export interface Download {
  /** The same file at each: the first is asked first. */
  readonly urls: readonly string[];
  /** The path it gets. */
  readonly to: string;
  readonly sha256: string | null;
  readonly bytes: number | null;
}

export interface DownloadContext {
  /** Begins a line of progress. */
  stage(name: string, total: number, unit: string): DownloadProgress;
  /** Throws where the whole file, not yet under its name, is not what it should be. */
  check?(path: string): Promise<void>;
  /** Waits between attempts; milliseconds. */
  wait?(milliseconds: number): Promise<void>;
  /** Milliseconds without a piece after which a connection counts as lost. */
  readonly silence?: number;
}

interface DownloadProgress {
  update(done: number): void;
  done(): void;
  fail(reason: string): void;
}

/** Attempts in a row that bring nothing. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 1000;
const CONNECT_MS = 30_000;
const SILENCE_MS = 60_000;

const MEGABYTE = 1e6;

/**
 * Fetches a file, through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name. What has come stays beside
 * it as `.part`, and the next call goes on from there; under its own name the file is whole and checked.
 * @returns its sha256
 * @throws UserError naming the URL, the sha256 and the path, so that the file can be put there by hand
 */
export async function download(file: Download, context: DownloadContext): Promise<string> {
  const part = `${file.to}.part`;
  await mkdir(dirname(file.to), { recursive: true }).catch((error: Error) => {
    throw new UserError(`cannot make the folder ${dirname(file.to)}: ${error.message}`);
  });
  const dispatcher = proxyAgent(context.silence ?? SILENCE_MS);
  try {
    await fromAny(file, part, dispatcher, context);
  } finally {
    await dispatcher.close();
  }
  const found = await fileChecksum(part);
  try {
    await requireRight(file, part, found, context.check);
  } catch (error) {
    await discard(part);
    throw error;
  }
  await rename(part, file.to);
  await forget(part);
  return found;
}

function proxyAgent(silence: number): EnvHttpProxyAgent {
  try {
    return new EnvHttpProxyAgent({
      connect: { timeout: CONNECT_MS },
      headersTimeout: silence,
      bodyTimeout: silence,
    });
  } catch (error) {
    throw new UserError(
      `HTTP_PROXY or HTTPS_PROXY cannot be used: ${(error as Error).message}`,
      "a proxy is named like http://proxy.example:8080",
    );
  }
}

async function fromAny(
  file: Download,
  part: string,
  dispatcher: EnvHttpProxyAgent,
  context: DownloadContext,
): Promise<void> {
  const failures: string[] = [];
  for (const url of file.urls) {
    const failure = await attempts(file, url, part, dispatcher, context);
    if (failure === null) return;
    failures.push(`${url}: ${failure}`);
  }
  throw new UserError(
    `cannot fetch ${failures.join("; ")}${await kept(part)}`,
    `check the network, and HTTPS_PROXY where there is a proxy; or download it elsewhere ${pinned(file)} and put it at ${file.to}`,
  );
}

/** Tries as long as something comes; why it gave up, or null. */
async function attempts(
  file: Download,
  url: string,
  part: string,
  dispatcher: EnvHttpProxyAgent,
  { stage, wait = sleep }: DownloadContext,
): Promise<string | null> {
  let line: DownloadProgress | undefined;
  let reached = 0;
  for (let attempt = 1; ; attempt++) {
    const before = reached;
    const progress = (done: number, total: number | null): void => {
      const known = total ?? file.bytes;
      if (known !== null) line ??= stage(`fetching ${url}`, Math.ceil(known / MEGABYTE), "MB");
      line?.update(Math.floor(done / MEGABYTE));
      reached = Math.max(reached, done);
    };
    try {
      await transfer(url, part, { dispatcher, bytes: file.bytes, progress });
      line?.done();
      return null;
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      if (reached > before) attempt = 1;
      if (error.final || attempt >= ATTEMPTS) {
        line?.fail(error.message);
        return error.message;
      }
      await wait(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
}

async function requireRight(
  file: Download,
  part: string,
  found: string,
  check: DownloadContext["check"],
): Promise<void> {
  const { sha256 } = file;
  if (sha256 !== null && found !== sha256)
    throw unlike(file, `has the sha256 ${found}, and the file that is wanted ${sha256}`);
  await check?.(part).catch((error: unknown) => {
    throw error instanceof UserError ? unlike(file, `is not what it should be (${error.message})`) : error;
  });
}

const unlike = ({ urls, to }: Download, how: string): UserError =>
  new UserError(
    `what ${urls.join(" or ")} gave ${how}; it was thrown away`,
    `fetch it again; or download it elsewhere and put it at ${to}`,
  );

async function discard(part: string): Promise<void> {
  await rm(part, { force: true });
  await forget(part);
}

async function kept(part: string): Promise<string> {
  const found = await stat(part).catch(() => null);
  return found && found.size > 0 ? `; the ${(found.size / MEGABYTE).toFixed(1)} MB that came are kept` : "";
}
