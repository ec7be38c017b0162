/** 128 + the signal's number, as shells have it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export interface Interruption {
  /** Aborted by the first signal: stop at the next safe point. */
  readonly signal: AbortSignal;
  /** The exit code of the signal that came, if one did. */
  exitCode(): number | undefined;
  /** Leaves signals alone again. */
  release(): void;
}

/**
 * The first Ctrl-C (or SIGTERM) asks the run to stop where it can go on from; the second ends the
 * process at once, which loses no more than a crash would.
 */
export function onInterrupt(tell: (line: string) => void): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const handle = (name: NodeJS.Signals): void => {
    const code = EXIT_CODES[name as keyof typeof EXIT_CODES];
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    tell(`${name}: stopping at the next safe point (once more to end at once)`);
    controller.abort(name);
  };
  process.on("SIGINT", handle).on("SIGTERM", handle);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    release: () => process.off("SIGINT", handle).off("SIGTERM", handle),
  };
}
