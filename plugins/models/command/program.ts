/** The user's program: started once, asked line by line, and ended with all that it started. */
import { execa } from "execa";
import { EntryError } from "../../../harness/errors.ts";
import { Reader } from "./reader.ts";

const TOLD_BYTES = 4096;
const TOLD_LINES = 5;
/** Between the end of its input and a kill. */
const GRACE_MILLISECONDS = 2000;

const start = ([program, ...args]: readonly string[], cwd: string) =>
  execa(program!, args, {
    cwd,
    // A group of its own, so that what it starts ends with it.
    detached: true,
    reject: false,
    buffer: false,
    encoding: "buffer",
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });

export class Program {
  readonly #name: string;
  readonly #process: ReturnType<typeof start>;
  readonly #ended: Promise<string>;
  #told = Buffer.alloc(0);
  readonly reader: Reader;
  readonly #kill = (): void => {
    const { pid } = this.#process;
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // The whole group has ended.
    }
  };

  constructor(command: readonly string[], folder: string) {
    this.#name = JSON.stringify(command.join(" "));
    this.#process = start(command, folder);
    const { stdin, stdout, stderr } = this.#process;
    // A program that ended takes no more: its output tells how it ended.
    stdin.on("error", () => {});
    stderr.on("data", (chunk: Buffer) => {
      this.#told = Buffer.concat([this.#told, chunk]).subarray(-TOLD_BYTES);
    });
    this.reader = new Reader(stdout as AsyncIterable<Buffer>);
    this.#ended = this.#process.then(({ exitCode, signal, shortMessage }) => {
      if (signal !== undefined) return `was killed by ${signal}`;
      return exitCode === undefined
        ? `could not be run: ${shortMessage}`
        : `ended with exit code ${exitCode}`;
    });
    process.once("exit", this.#kill);
  }

  send(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends it and says why, with the last it told. */
  async fail(what: string): Promise<never> {
    await this.close(0);
    const lines = this.#told
      .toString("utf8")
      .trim()
      .split(/\s*\n\s*/)
      .slice(-TOLD_LINES)
      .join(" | ");
    throw new EntryError(
      `the program ${this.#name} ${what}${lines === "" ? "; it wrote nothing to stderr" : `; its last lines on stderr: ${lines}`}`,
    );
  }

  /** How it ended, where its output did. */
  async ending(): Promise<string> {
    return Promise.race([this.#ended, after(GRACE_MILLISECONDS, "closed its output")]);
  }

  async close(graceMilliseconds = GRACE_MILLISECONDS): Promise<void> {
    this.#process.stdin.end();
    this.#process.stdout.destroy();
    if (graceMilliseconds > 0) await Promise.race([this.#ended, after(graceMilliseconds, "")]);
    this.#kill();
    process.off("exit", this.#kill);
    await this.#ended;
  }
}

const after = (milliseconds: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds, text).unref();
  });
