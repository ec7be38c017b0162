import { InvalidArgumentError } from "commander";
import { shellLine } from "../run/command-line.ts";
import { parseShard, type Shard } from "../run/shard.ts";

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

export function shardOf(text: string): Shard {
  const shard = parseShard(text);
  if (shard) return shard;
  throw new InvalidArgumentError("It must be i/n, the shard's number from 1 on and how many there are: 2/8.");
}
