import { InvalidArgumentError } from "commander";

/** Parses a whole number of at least `least`. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
  };

/** The command that was given, to be pasted into a shell. */
export const commandLine = (argv: readonly string[]): string =>
  ["npx", "epg-bench", ...argv].map(quoted).join(" ");

/** As a shell would need it to read the same word. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
