/** The user's own program that makes images of a checkpoint, started without a shell. */
import { open, writeFile } from "node:fs/promises";
import { execa } from "execa";
import { UserError } from "../errors.ts";
import { readAt } from "../formats/atomic.ts";

const PLACES = ["{checkpoint}", "{out}"] as const;

/** Words as a shell would cut them: at spaces that no quotes hold together. Nothing else is special. */
const WORD = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;

/**
 * Cuts a command into its program and arguments.
 * @throws UserError where a quote is not closed, or {checkpoint} or {out} is missing
 */
export function commandWords(command: string): readonly string[] {
  const problem = (text: string) =>
    new UserError(
      `--sample-command ${JSON.stringify(command)}: ${text}`,
      'write it as "python sample.py {checkpoint} {out}"; images go into the folder {out}, or to {out}.npz',
    );
  if (/["']/.test(command.replace(WORD, ""))) throw problem("a quote is not closed");
  const words = (command.match(WORD) ?? []).map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  const missing = PLACES.find((place) => !words.some((word) => word.includes(place)));
  if (missing !== undefined) throw problem(`${missing} is missing`);
  return words;
}

export interface SampleRun {
  readonly words: readonly string[];
  readonly checkpoint: string;
  /** An empty folder for images. */
  readonly out: string;
  /** Where the program's output goes. */
  readonly log: string;
  /** Ends the program. */
  readonly signal: AbortSignal;
}

/** @returns null where the program ended well; otherwise how it ended, and its last lines */
export async function runSampleCommand({
  words,
  checkpoint,
  out,
  log,
  signal,
}: SampleRun): Promise<string | null> {
  const [program, ...args] = words.map((word) =>
    word.replaceAll(/\{checkpoint\}|\{out\}/g, (place) => (place === "{out}" ? out : checkpoint)),
  );
  await writeFile(log, "");
  const told = { file: log, append: true } as const;
  const ran = await execa(program!, args, {
    reject: false,
    stdin: "ignore",
    stdout: told,
    stderr: told,
    buffer: false,
    cancelSignal: signal,
  });
  if (!ran.failed) return null;
  const last = await lastLines(log);
  return `${ran.shortMessage ?? "it failed"} (${log})${last === "" ? "" : `\n${last}`}`;
}

const LINES = 5;
const TAIL_BYTES = 4096;

/** Of a log that may be gigabytes. */
async function lastLines(log: string): Promise<string> {
  const file = await open(log);
  try {
    const tail = Buffer.alloc(TAIL_BYTES);
    const read = await readAt(file, Math.max(0, (await file.stat()).size - TAIL_BYTES), tail);
    return tail.toString("utf8", 0, read).trimEnd().split(/\r?\n/).slice(-LINES).join("\n");
  } finally {
    await file.close();
  }
}
