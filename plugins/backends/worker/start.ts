/** A Python process of a backend's, before anything is said to it. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";

export interface Process {
  /** A command on the PATH, or a path. */
  readonly python: string;
  readonly script: URL;
  /** Of Python, before the script: what launches it in several processes. */
  readonly before?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What the script is given, as JSON. */
  readonly settings: object;
}

export const startProcess = ({ python, before = [], environment = {}, script, settings }: Process) =>
  execa(python, [...before, fileURLToPath(script), JSON.stringify(settings)], {
    reject: false,
    buffer: false,
    stdin: "pipe",
    // What interrupts this process from a terminal is not for a launcher, which would end its workers before they are asked to stop.
    detached: before.length > 0,
    env: { PYTHONDONTWRITEBYTECODE: "1", ...environment },
  });

export type Child = ReturnType<typeof startProcess>;

/** Of what a worker printed, this much is kept for messages. */
const KEPT_CHARACTERS = 4000;

/** @returns what the process printed last */
export function printedBy({ stderr }: Child): () => string {
  let printed = "";
  stderr.on("data", (text: Buffer) => {
    printed = (printed + text.toString("utf8")).slice(-KEPT_CHARACTERS);
  });
  return () => printed;
}
