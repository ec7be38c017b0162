/**
 * A mistake of the user's, told as field, value and fix and printed without a stack.
 * Whatever is not a `UserError` is a bug of ours and exits 1 with its stack.
 */
export class UserError extends Error {
  override name = "UserError";
  readonly fix: string | undefined;
  readonly exitCode: number;

  /**
   * @param problem what is wrong: names the field or file and the value found
   * @param fix what to do about it
   */
  constructor(problem: string, fix?: string, exitCode: number = EXIT.usage) {
    super(problem);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** What ends one entry's work and no other's: told in one line, without a stack. */
export class EntryError extends Error {
  override name = "EntryError";
}

/** Exit codes of every verb. */
export const EXIT = {
  ok: 0,
  crash: 1,
  usage: 2,
  regression: 20,
  inconclusive: 21,
  targetMissed: 22,
  noBaseline: 23,
  incomplete: 24,
} as const;
