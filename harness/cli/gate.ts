import { type Command, Option } from "commander";
import type { GateOptions, GateOutcome } from "../gate/gate.ts";

interface GateFlags extends Pick<GateOptions, "onInconclusive" | "requireBaseline"> {
  readonly baseline?: string;
}

export function define(command: Command): void {
  command
    .argument("<run...>", "run folders; several are training seeds of the same config")
    .option("--baseline <file>", "the baseline (default: the one the run's config names)")
    .addOption(
      new Option("--on-inconclusive <what>", "an unclear verdict").choices(["warn", "fail"]).default("warn"),
    )
    .option("--require-baseline", "fail (exit 23) without a comparable baseline")
    .action(async (runs: string[], flags: GateFlags) => {
      process.exitCode = await gateVerb(runs, flags);
    });
}

async function gateVerb(runs: readonly string[], flags: GateFlags): Promise<number> {
  const [{ gate }, { loadResult }, { loadBaseline }, { configOf }] = await Promise.all([
    import("../gate/gate.ts"),
    import("../gate/load.ts"),
    import("../gate/baseline.ts"),
    import("./config-of-run.ts"),
  ]);
  const results = await Promise.all(runs.map(loadResult));
  const config = configOf(runs[0]!);
  const file = flags.baseline ?? config?.baseline;
  const baseline = file === undefined ? null : await loadBaseline(file);
  const own = Object.keys(config?.gates ?? {}).length > 0 ? { gates: config!.gates } : {};
  const { onInconclusive = "warn", requireBaseline = false } = flags;
  const outcome = gate(results, baseline, { ...own, onInconclusive, requireBaseline });
  process.stdout.write(await told(outcome));
  return outcome.exitCode;
}

/** Every verdict with what was expected and found, then the whole. */
async function told({ verdicts, status, reason }: GateOutcome): Promise<string> {
  const [{ default: Table }, { quantity }] = await Promise.all([
    import("cli-table3"),
    import("../../reports/format.ts"),
  ]);
  const table = new Table({
    head: ["", "entry", "metric", "base", "found", "limit"],
    style: { head: [], border: [] },
  });
  for (const { status: found, level, entry, metric, base, found: value, limit } of verdicts) {
    const mark = level === "warn" && found !== "ok" ? `${found} (warn)` : found;
    table.push([mark, entry, metric, quantity({ value: base }), quantity({ value }), limit]);
  }
  const rows = verdicts.length > 0 ? `${table}\n` : "";
  return `${rows}gate: ${status}: ${reason}\n`;
}
