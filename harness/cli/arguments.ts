import { InvalidArgumentError } from "commander";
import { shellLine } from "../run/command-line.ts";

/** Parses a whole number of at least `least`, and at most `most` where there is one. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };

/** The command that was given, to be pasted into a shell. */
export const commandLine = (argv: readonly string[]): string => shellLine(["npx", "epg-bench", ...argv]);
