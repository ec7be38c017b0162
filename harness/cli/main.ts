import { Command, CommanderError } from "commander";
import { plainLines } from "../../reports/text.ts";
import { EXIT, UserError } from "../errors.ts";
import { packageVersion } from "../package-root.ts";

interface Verb {
  readonly summary: string;
  /** Adds the verb's arguments, options and action; its code is loaded when it is asked for. */
  readonly load: () => Promise<{ define(command: Command): void }>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  run: { summary: "train, sample, score and cost what a config names", load: () => import("./run.ts") },
  merge: { summary: "put the shards of a run together", load: () => import("./merge.ts") },
  eval: { summary: "score images against a reference", load: () => import("./eval.ts") },
  features: {
    summary: "write what a network sees in images, layer by layer",
    load: () => import("./features.ts"),
  },
  reference: {
    summary: "list, fetch, verify and make what images are scored against",
    load: () => import("./reference.ts"),
  },
  fetch: { summary: "bring published weights into the user's cache", load: () => import("./fetch.ts") },
  gate: { summary: "judge runs against a baseline", load: () => import("./gate.ts") },
  baseline: { summary: "keep runs as a baseline", load: () => import("./baseline.ts") },
  cost: {
    summary: "tell what a config or a published model costs, running nothing",
    load: () => import("./cost.ts"),
  },
  published: { summary: "list published results with their sources", load: () => import("./published.ts") },
  inspect: { summary: "tell what a file of tensors or a folder holds", load: () => import("./inspect.ts") },
  reproduce: {
    summary: "hold a published result against the checkpoint it came from",
    load: () => import("./reproduce.ts"),
  },
  export: { summary: "write an entry's network to a file", load: () => import("./export.ts") },
  doctor: {
    summary: "tell what can compute here, what is missing, and what adds it",
    load: () => import("./doctor.ts"),
  },
  report: { summary: "write a run's reports again", load: () => import("./report.ts") },
};

/** Runs one command line (without node and script) and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const program = await commandLine(argv);
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = tell(error);
  }
}

async function commandLine(argv: readonly string[]): Promise<Command> {
  const program = new Command("epg-bench")
    .description("Trains, scores, costs and gates EPG and its rivals")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(plainLines(withFix(text))) });
  for (const [name, { summary, load }] of Object.entries(VERBS)) {
    const command = program.command(name).description(summary);
    if (argv.includes(name)) (await load()).define(command);
  }
  return program;
}

/** Commander's suggestion in the words of our own errors. */
const withFix = (text: string): string =>
  text.replace(/\n\(Did you mean (.*)\?\)/, "\n  fix: did you mean $1?");

/**
 * Prints what went wrong and gives the exit code: a `UserError` without its stack, a bug with it. Names in it may be
 * of files that others wrote.
 */
function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UserError) {
    const fix = error.fix === undefined ? "" : `  fix: ${error.fix}\n`;
    process.stderr.write(plainLines(`error: ${error.message}\n${fix}`));
    return error.exitCode;
  }
  process.stderr.write(plainLines(`${error instanceof Error ? error.stack : String(error)}\n`));
  return EXIT.crash;
}
