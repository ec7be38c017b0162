/** What a study is asked for on its command line. */
import { parseArgs } from "node:util";
import { UserError } from "../../harness/errors.ts";

export interface Settings {
  /** Training FLOPs of an arm, B. */
  readonly budget: number;
  /** Training seeds 1 … `seeds`. */
  readonly seeds: number;
  /** Learning rates tried for each arm. */
  readonly trials: number;
  /** Images sampled from each entry. */
  readonly samples: number;
  readonly threads: number;
  /** Folder of the study. */
  readonly out: string;
  /** Rewrite the results in docs/. */
  readonly publish: boolean;
  readonly dryRun: boolean;
}

const OPTIONS = {
  budget: { type: "string", default: "4e12" },
  seeds: { type: "string", default: "3" },
  trials: { type: "string", default: "3" },
  samples: { type: "string", default: "256" },
  threads: { type: "string", default: "2" },
  out: { type: "string", default: ".epg-bench/claims" },
  publish: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
} as const;

/** @throws UserError for a flag that is not known or has no fitting value */
export function readSettings(argv: readonly string[]): Settings {
  const values = parsed(argv);
  const whole = (flag: "seeds" | "trials" | "samples" | "threads", least: number): number => {
    const value = Number(values[flag]);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new UserError(
      `--${flag}: "${values[flag]}" is not a whole number`,
      `give one of at least ${least}`,
    );
  };
  const budget = Number(values.budget);
  if (!(budget > 0 && Number.isFinite(budget)))
    throw new UserError(`--budget: "${values.budget}" is not a number of FLOPs`, "give one such as 4e12");
  return {
    budget,
    seeds: whole("seeds", 1),
    trials: whole("trials", 1),
    samples: whole("samples", 4),
    threads: whole("threads", 1),
    out: values.out,
    publish: values.publish,
    dryRun: values["dry-run"],
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values;
  } catch (error) {
    const flags = Object.keys(OPTIONS).map((name) => `--${name}`);
    throw new UserError((error as Error).message, `the flags are ${flags.join(", ")}`);
  }
}
