import { InvalidArgumentError } from "commander";

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
export const commandLine = (argv: readonly string[]): string =>
  ["npx", "epg-bench", ...argv].map(quoted).join(" ");

/** As a shell would need it to read the same word. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
