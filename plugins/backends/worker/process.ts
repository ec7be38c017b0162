/**
 * The life of a Python process that computes for a backend: started, asked one thing at a time, ended. Idle it does not
 * keep this process alive; when this process is gone, however that came, it ends by itself.
 */
import type { Readable, Writable } from "node:stream";
import { type Frame, frameReader, Garbage, type Payloads, writeFrame } from "./frames.ts";
import { OutOfMemory } from "./out-of-memory.ts";
import { type Child, type Process, printedBy, startProcess } from "./start.ts";

/** What is run, and for whom. */
export interface WorkerProgram extends Process {
  /** The backend's name, for messages. */
  readonly backend: string;
  /** How it ended, out of what it printed; null where it does not tell. */
  readonly ending?: (printed: string) => string | null;
  /** Resolves with the reason where it has become useless. */
  readonly useless?: Promise<string>;
  /**
   * Throws a UserError where the worker is of no use.
   * @param first the first frame, or what came in its place
   * @param spawnError the system's code where the process could not even be started
   */
  readonly requireUsable: (first: Frame | Error, spawnError?: string) => void;
  /** What helps against an error, by the kind the worker gives it. */
  readonly remedies: Readonly<Record<string, string>>;
}

export interface Limits {
  /** From the start of Python to its first word; importing a library takes seconds, from a cold disk tens of them. */
  readonly startSeconds: number;
  /** From a request to its answer, compilation included. */
  readonly answerSeconds: number;
}

export interface Worker<Hello = unknown> {
  /** What it said of itself at first. */
  readonly hello: Hello;
  /**
   * @param doing for messages: "running vit-128"
   * @param onWritten called once all of it is with the worker, which may be at something else
   * @throws Error where the request fails; where the worker has ended, been silent or sent garbage, this and every later one
   */
  ask(
    doing: string,
    header: Readonly<Record<string, unknown>>,
    tensors?: Payloads,
    onWritten?: () => void,
  ): Promise<Payloads>;
  /** Most bytes of host memory it has held, as of its last answer. */
  peakMemoryBytes(): number;
  /** What it has computed for all its answers; the rest of their time went into coming and going. */
  busySeconds(): number;
  close(): Promise<void>;
}

/** @throws UserError naming what is missing: Python, or what `requireUsable` misses */
export async function startWorker<Hello>(program: WorkerProgram, limits: Limits): Promise<Worker<Hello>> {
  const conversation = new Conversation(startProcess(program), program);
  program.useless?.then((reason) => conversation.end(reason));
  const first = await conversation.next(limits.startSeconds, "starting").catch(async (error: Error) => {
    await conversation.close();
    return error;
  });
  try {
    program.requireUsable(first, (await conversation.spawnError())?.code);
  } catch (error) {
    await conversation.close();
    throw error;
  }
  conversation.hold(false);
  let written: Promise<void> = Promise.resolve();
  let answered: Promise<unknown> = Promise.resolve();
  return {
    hello: (first as Frame).header as Hello,
    ask(doing, header, tensors = {}, onWritten = () => {}) {
      // Written while those before it are answered: a worker reads ahead while it computes.
      const writing = written.then(() => conversation.write({ header, tensors }));
      written = writing.then(onWritten);
      const turn = answered.then(() => conversation.answer(limits.answerSeconds, doing, writing));
      answered = turn.catch(() => {});
      return turn;
    },
    peakMemoryBytes: () => conversation.peakMemoryBytes,
    busySeconds: () => conversation.busySeconds,
    close: () => conversation.close(),
  };
}

class Conversation {
  readonly #child: Child;
  readonly #program: WorkerProgram;
  readonly #read: () => Promise<Frame | null>;
  readonly #printed: () => string;
  peakMemoryBytes = 0;
  busySeconds = 0;
  /** Why nothing can be asked any more. */
  #over: Error | null = null;

  constructor(child: Child, program: WorkerProgram) {
    this.#child = child;
    this.#program = program;
    this.#read = frameReader(child.stdout);
    this.#printed = printedBy(child);
    // A write to a worker that is gone is told by what is read next.
    child.stdin.on("error", () => {});
  }

  /** A worker that is gone is told by what is read next. */
  write(request: Frame): Promise<void> {
    return writeFrame(this.#child.stdin, request).catch(() => {});
  }

  /** The answer to the request that is being written. */
  async answer(seconds: number, doing: string, writing: Promise<void>): Promise<Payloads> {
    if (this.#over) throw this.#over;
    this.hold(true);
    try {
      const { header, tensors } = await this.next(seconds, doing);
      await writing;
      if (typeof header.peakMemoryBytes === "number") this.peakMemoryBytes = header.peakMemoryBytes;
      if (typeof header.seconds === "number") this.busySeconds += header.seconds;
      if (typeof header.error !== "string") return tensors;
      if (header.kind === "memory")
        throw new OutOfMemory(
          `${this.#program.backend}: ${doing}: ${header.error}`,
          Number(header.deviceBytes ?? 0),
        );
      const remedy = this.#program.remedies[header.kind as string];
      throw new Error(`${this.#program.backend}: ${doing}: ${header.error}${remedy ? `; ${remedy}` : ""}`);
    } finally {
      this.hold(false);
    }
  }

  /** The next frame. @throws Error where the worker ends, is silent or sends something else; it is ended then */
  async next(seconds: number, doing: string): Promise<Frame> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Garbage(`no answer came within ${seconds} s`)),
        Math.min(seconds * 1000, 2 ** 31 - 1),
      );
    });
    try {
      const frame = await Promise.race([this.#read(), silence]);
      if (frame) return frame;
      const ending = await this.#ending(doing);
      this.#over ??= new Error(ending);
    } catch (error) {
      if (!(error instanceof Garbage)) throw error;
      this.#over ??= new Error(
        `${this.#program.backend}: ${doing}: ${error.message} from its worker process, which was ended${this.#words()}`,
      );
    } finally {
      clearTimeout(timer);
    }
    await this.#kill();
    throw this.#over;
  }

  /** What kept the process from being started at all. */
  async spawnError(): Promise<{ readonly code: string | undefined } | null> {
    return this.#child.pid === undefined ? { code: (await this.#child).code } : null;
  }

  close(): Promise<void> {
    return this.end("its worker process was closed");
  }

  async end(reason: string): Promise<void> {
    this.#over ??= new Error(`${this.#program.backend}: ${reason}`);
    await this.#kill();
  }

  async #kill(): Promise<void> {
    // Until it is gone, that is: nothing else might keep this process alive.
    this.hold(true);
    // What it launched ends with it.
    this.#child.kill("SIGKILL");
    await this.#child;
  }

  async #ending(doing: string): Promise<string> {
    const { exitCode, signal } = await this.#child;
    const told = this.#program.ending?.(this.#printed());
    if (told) return `${this.#program.backend}: ${doing}: ${told}`;
    const how = signal ? `was killed by ${signal}` : `ended with exit code ${exitCode}`;
    const memory = signal === "SIGKILL" ? " (systems do so where memory runs out)" : "";
    return `${this.#program.backend}: ${doing}: its worker process ${how}${memory}${this.#words()}`;
  }

  /** The last line the worker printed. */
  #words(): string {
    const line = this.#printed().trim().split("\n").at(-1);
    return line ? `; its last words: ${line}` : "";
  }

  /** Only while something is asked of it the worker keeps this process alive. */
  hold(held: boolean): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const pipe of [this.#child, stdin, stdout, stderr] as (Child | Readable | Writable)[])
      (pipe as { ref?(): void; unref?(): void })[held ? "ref" : "unref"]?.();
  }
}
