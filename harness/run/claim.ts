/**
 * One process at a time in a folder. A process claims a folder by a file named after itself, then looks for the
 * claims of others: where it finds a live one it withdraws and tries again, so that of two that come at once at
 * least one sees the other. A claim is taken away by its own process, or by anyone once that is dead: a name is
 * never used twice, so nothing live can be taken away by mistake.
 */
import { mkdir, open, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Claim {
  release(): Promise<void>;
}

/** Another process that is at work in a folder. */
export interface Rival {
  readonly pid: number;
  readonly machine: string;
}

interface Waiting {
  /** Told once, with the first rival met. Throws to wait for none. */
  readonly onWait: (rival: Rival) => void;
  /** Asked again and again while waiting. Throws to give up. */
  readonly keepWaiting: () => void;
}

/** Different a process, lest two that met each other meet again and again. */
const RETRY_MS = 200 + (process.pid % 97);
/** A claim says that its process lives; on another machine there is no other sign. */
const SIGN_OF_LIFE_MS = 60_000;
const DEAD_AFTER_MS = 5 * SIGN_OF_LIFE_MS;

/** Claims a folder, made where it is absent, as soon as no other process holds it. */
export async function claim(folder: string, { onWait, keepWaiting }: Waiting): Promise<Claim> {
  let told = false;
  for (;;) {
    const found = await tryToClaim(folder);
    if ("release" in found) return found;
    if (!told) onWait(found);
    told = true;
    keepWaiting();
    await sleep(RETRY_MS);
  }
}

async function tryToClaim(folder: string): Promise<Claim | Rival> {
  await mkdir(folder, { recursive: true });
  const own = await ownName();
  const file = join(folder, own);
  await (await open(file, "wx")).close();
  const rival = await liveRival(folder, own);
  if (rival) {
    await rm(file);
    return rival;
  }
  // Never makes the file anew: one that is written after its release would be a claim for ever.
  const sign = setInterval(() => writeFile(file, ".", { flag: "r+" }).catch(() => {}), SIGN_OF_LIFE_MS);
  sign.unref();
  return {
    async release() {
      clearInterval(sign);
      await rm(file, { force: true });
    },
  };
}

async function liveRival(folder: string, own: string): Promise<Rival | null> {
  const now = (await stat(join(folder, own))).mtimeMs;
  for (const name of await readdir(folder)) {
    const claimant = name === own ? null : parseName(name);
    if (!claimant) continue;
    const file = join(folder, name);
    if (await isAlive(claimant, file, now)) return claimant;
    await rm(file, { force: true });
  }
  return null;
}

interface Claimant extends Rival {
  /** When its process started; with the process id, a name for ever. */
  readonly started: string;
  /** Process ids mean something within one namespace (a container) alone. */
  readonly namespace: string;
}

const NAME = /^claim-(\d+)-(\d+)-(\d+)-(.+)$/;

function parseName(name: string): Claimant | null {
  const [, pid, started, namespace, machine] = NAME.exec(name) ?? [];
  if (pid === undefined || started === undefined || namespace === undefined || machine === undefined)
    return null;
  return { pid: Number(pid), started, namespace, machine };
}

async function ownName(): Promise<string> {
  const started = (await startOf(process.pid)) ?? "0";
  return `claim-${process.pid}-${started}-${await ownNamespace()}-${ownMachine()}`;
}

const ownMachine = (): string => hostname().replace(/[^\w.-]/g, "_");

/** "pid:[4026531836]" on Linux; "0" where there are no namespaces. */
async function ownNamespace(): Promise<string> {
  const link = await readlink("/proc/self/ns/pid").catch(() => "");
  return /\d+/.exec(link)?.[0] ?? "0";
}

/** @param now modification time of a file just written, by the clock of the disk that holds the claims */
async function isAlive(claimant: Claimant, file: string, now: number): Promise<boolean> {
  const { pid, started, namespace, machine } = claimant;
  if (machine === ownMachine() && namespace === (await ownNamespace()))
    return (await startOf(pid)) === started;
  const signed = await stat(file).catch(() => null);
  return signed !== null && now - signed.mtimeMs < DEAD_AFTER_MS;
}

/**
 * When a process started, in ticks since boot; "0" on systems that do not tell in /proc; null where no such
 * process lives. A zombie does not.
 */
async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== "linux") return isRunning(pid) ? "0" : null;
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (text === null) return null;
  // proc(5): after the name in parentheses, which may hold anything, come the state (field 3) and the start (22).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return /^[ZX]/.test(fields[0]!) ? null : fields[22 - 3]!;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
